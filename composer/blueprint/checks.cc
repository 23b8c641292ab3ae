#include "composer/blueprint/checks.h"

#include <fmt/format.h>
#include <map>

namespace composer::blueprint {

const Node* section_of(const Node& root, std::string_view key) {
  const Node* section = root.find(key);
  return section != nullptr && section->kind == Node::Kind::mapping ? section : nullptr;
}

const std::vector<Node>& items_of(const Node* section, std::string_view key) {
  static const std::vector<Node> none;
  const Node* list = section == nullptr ? nullptr : section->find(key);
  return list == nullptr ? none : list->items;
}

void check_repeats(const std::vector<Located<std::string>>& values, const Node* section,
                   std::string_view key, std::string_view noun, Findings& findings) {
  const std::vector<Node>& nodes = items_of(section, key);
  std::map<std::string_view, Span> places;
  for (std::size_t i = 0; i < nodes.size() && i < values.size(); ++i) {
    if (!findings.sound(nodes[i])) continue;
    const auto [first, added] = places.try_emplace(values[i].value, values[i].at);
    if (added) continue;
    findings.report(nodes[i], {fmt::format("{} '{}' is already given {}", noun, values[i].value,
                                           place_beside(values[i].at, first->second)),
                               "keep one of the two"});
  }
}

}  // namespace composer::blueprint
