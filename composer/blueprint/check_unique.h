#pragma once

#include <fmt/format.h>
#include <map>
#include <string>

#include "composer/blueprint/checks.h"

namespace composer::blueprint {

/// Reports values under `key` in the items of a list that are there before.
///
/// @param noun  What the value names: `user`.
/// @param get   The value of an item as text.
template <typename Items, typename Get>
void check_unique(const std::vector<Node>& nodes, const Items& items, std::string_view key,
                  std::string_view noun, Get get, Findings& findings) {
  std::map<std::string, Span> places;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const Node* node = nodes[i].find(key);
    // An entry that is there twice is one mistake, not one for its name and one for its number.
    if (node == nullptr || !findings.sound(*node) || !findings.sound(nodes[i], "name")) continue;
    const std::string text = get(items[i]);
    const auto [first, added] = places.try_emplace(text, node->at);
    if (!added) {
      findings.report(*node, {fmt::format("{} '{}' is already given {}", noun, text,
                                          place_beside(node->at, first->second)),
                              "keep one of the two"});
    }
  }
}

}  // namespace composer::blueprint
