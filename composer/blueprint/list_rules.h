#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "composer/blueprint/document.h"

// What makes an entry of a list the same entry as one that another file wrote.

namespace composer::blueprint {

struct ListRule {
  enum class Kind {
    texts,   ///< Every entry is added: arguments and lines, whose order and number matter.
    set,     ///< Texts of which each is there once, whoever asks for it.
    entries  ///< Mappings, each with a name of its own.
  };
  Kind kind = Kind::texts;
  /// Keys of an entry of which the first that it has is its name: `filename`, else `format`.
  std::vector<std::string_view> names = {};
};

/// The rule of the list under a key of this name. One name means the same in every mapping.
ListRule rule_of(std::string_view key);

/// The name of an entry by a rule: its text, or what stands under the key that names it.
std::optional<std::string> name_of(const Node& entry, const ListRule& rule);

}  // namespace composer::blueprint
