#include <fmt/format.h>
#include <map>

#include "composer/blueprint/checks.h"

namespace composer::blueprint {

void check_packages(const Blueprint& blueprint, const Node& root, Findings& findings) {
  const Node* section = section_of(root, "packages");
  if (section == nullptr) return;
  const PackagesRequest& packages = blueprint.packages;
  check_repeats(packages.install, section, "install", "package", findings);
  check_repeats(packages.on_top, section, "on_top", "package", findings);
  check_repeats(packages.exclude, section, "exclude", "pattern", findings);
  check_repeats(packages.remove, section, "remove", "pattern", findings);
  check_repeats(packages.update, section, "update", "pattern", findings);
  check_repeats(packages.erase, section, "erase", "pattern", findings);
  if (packages.locales) check_repeats(*packages.locales, section, "locales", "language", findings);
  std::map<std::string_view, Span> wanted;
  for (const auto& request : packages.install) wanted.try_emplace(*request, request.at);
  const std::vector<Node>& top = items_of(section, "on_top");
  for (std::size_t i = 0; i < top.size() && i < packages.on_top.size(); ++i) {
    const auto found = wanted.find(*packages.on_top[i]);
    if (found == wanted.end() || !findings.sound(top[i])) continue;
    findings.report(top[i], {fmt::format("'{}' is asked for here and {}", *packages.on_top[i],
                                         place_beside(top[i].at, found->second)),
                             "keep one of the two"});
  }
  for (const auto& request : packages.on_top) wanted.try_emplace(*request, request.at);
  const std::vector<Node>& nodes = items_of(section, "exclude");
  for (std::size_t i = 0; i < nodes.size() && i < packages.exclude.size(); ++i) {
    const auto found = wanted.find(*packages.exclude[i]);
    if (found == wanted.end() || !findings.sound(nodes[i])) continue;
    findings.report(nodes[i],
                    {fmt::format("'{}' is excluded here and asked for {}", *packages.exclude[i],
                                 place_beside(nodes[i].at, found->second)),
                     "keep one of the two"});
  }
  const Node* install = section->find("install");
  if (install != nullptr && !root.has("base") && install->kind == Node::Kind::sequence &&
      install->items.empty()) {
    findings.report(*install, {"no package is asked for", "name at least one: '- filesystem'"});
  }
}

}  // namespace composer::blueprint
