#pragma once

#include <optional>
#include <string_view>

#include "composer/error.h"

namespace composer::blueprint {

class Text;

/// A flow collection that was open where the parser gave up.
struct OpenBracket {
  char bracket;  ///< '[' or '{'.
  std::size_t offset;
};

/// yaml-cpp's words for a mistake in the YAML, as a problem that says how to mend it.
///
/// @param offset  Where the parser noticed; often later than the mistake.
Problem explain_yaml_mistake(std::string_view words, const Text& text, std::size_t offset,
                             std::optional<OpenBracket> open);

}  // namespace composer::blueprint
