#pragma once

#include <span>
#include <string>
#include <string_view>

#include "composer/blueprint/language.h"

namespace composer::blueprint {

/// The whole language as a JSON Schema (draft 2020-12), for blueprints and parts, made from the
/// tables that the reader goes by. It knows keys, kinds, words, numbers and regular rules; what
/// values must be to each other only the reader knows, so it accepts all that the reader does, and
/// more.
std::string language_schema();

/// The regular part of a scalar's rule, for programs that cannot ask the reader.
struct TextPattern {
  const ScalarDescription* type;
  std::string_view pattern;  ///< ECMA-262, as JSON Schema has it; of the whole text.
  std::string_view example;
  /// Whether the reader takes a text, so that a test can compare the two.
  bool (*accepts)(std::string text);
};

std::span<const TextPattern> text_patterns();

}  // namespace composer::blueprint
