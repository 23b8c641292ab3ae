#include <fmt/format.h>

#include "composer/blueprint/check_unique.h"
#include "composer/blueprint/checks.h"

namespace composer::blueprint {
namespace {

/// Each has exactly one of `content` and `source`, and a name of its own.
template <typename Script>
void check_list(const std::vector<Node>& nodes, const std::vector<Script>& scripts,
                std::string_view noun, Findings& findings) {
  for (std::size_t i = 0; i < nodes.size() && i < scripts.size(); ++i) {
    const Node& node = nodes[i];
    if (node.kind != Node::Kind::mapping) continue;
    if (node.has("content") && node.has("source")) {
      findings.report(
          node, node.find("source")->at,
          {fmt::format("a {} with both 'content' and 'source'", noun), "keep one of them"});
    } else if (!node.has("content") && !node.has("source") && findings.sound(node)) {
      findings.report(
          node, {fmt::format("{} '{}' has neither 'content' nor 'source'", noun, *scripts[i].name),
                 "add 'content: |' and its lines"});
    }
  }
  check_unique(
      nodes, scripts, "name", noun, [](const Script& script) { return *script.name; }, findings);
}

}  // namespace

void check_scripts(const Blueprint& blueprint, const Node& root, Findings& findings) {
  check_list(items_of(&root, "scripts"), blueprint.scripts, "script", findings);
  check_list(items_of(section_of(root, "tests"), "scripts"), blueprint.test_scripts, "test script",
             findings);
}

}  // namespace composer::blueprint
