#include <fmt/format.h>

#include "composer/blueprint/check_unique.h"
#include "composer/blueprint/checks.h"

namespace composer::blueprint {

void check_certificates(const Blueprint& blueprint, const Node& root, Findings& findings) {
  const std::vector<Node>& nodes = items_of(section_of(root, "system"), "ca_certificates");
  for (std::size_t i = 0; i < nodes.size() && i < blueprint.system.ca_certificates.size(); ++i) {
    const Node& node = nodes[i];
    if (node.kind != Node::Kind::mapping) continue;
    const CaCertificateRequest& certificate = blueprint.system.ca_certificates[i];
    if (node.has("content") && node.has("source")) {
      findings.report(node, node.find("source")->at,
                      {"a CA certificate with both 'content' and 'source'", "keep one of them"});
    } else if (!node.has("content") && !node.has("source") && findings.sound(node)) {
      findings.report(node, {fmt::format("CA certificate '{}' has neither 'content' nor 'source'",
                                         *certificate.name),
                             "add 'source:' and the path of its PEM file"});
    }
  }
  check_unique(
      nodes, blueprint.system.ca_certificates, "name", "CA certificate",
      [](const CaCertificateRequest& certificate) { return *certificate.name; }, findings);
}

}  // namespace composer::blueprint
