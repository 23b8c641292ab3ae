#include <fmt/format.h>

#include "composer/blueprint/check_unique.h"
#include "composer/blueprint/checks.h"

namespace composer::blueprint {

void check_scripts(const Blueprint& blueprint, const Node& root, Findings& findings) {
  const std::vector<Node>& nodes = items_of(&root, "scripts");
  for (std::size_t i = 0; i < nodes.size() && i < blueprint.scripts.size(); ++i) {
    const Node& node = nodes[i];
    if (node.kind != Node::Kind::mapping) continue;
    const ScriptRequest& script = blueprint.scripts[i];
    if (node.has("content") && node.has("source")) {
      findings.report(node, node.find("source")->at,
                      {"a script with both 'content' and 'source'", "keep one of them"});
    } else if (!node.has("content") && !node.has("source") && findings.sound(node)) {
      findings.report(node,
                      {fmt::format("script '{}' has neither 'content' nor 'source'", *script.name),
                       "add 'content: |' and its lines"});
    }
  }
  check_unique(
      nodes, blueprint.scripts, "name", "script",
      [](const ScriptRequest& script) { return *script.name; }, findings);
}

}  // namespace composer::blueprint
