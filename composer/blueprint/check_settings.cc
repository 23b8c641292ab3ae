#include <algorithm>
#include <fmt/format.h>
#include <map>

#include "composer/blueprint/check_unique.h"

// The parts of `system` that become files of settings: what they must be to each other.

namespace composer::blueprint {
namespace {

std::string name_of(const auto& item) {
  return *item.name;
}

/// A mapping of which one of two keys holds a text and the other names a file that does.
/// @param subject  `unit 'a.service'`.
void check_content(const Node& node, std::string_view subject, bool needed, Findings& findings) {
  if (node.kind != Node::Kind::mapping) return;
  if (node.has("content") && node.has("source")) {
    findings.report(
        node, node.find("source")->at,
        {fmt::format("{} has both 'content' and 'source'", subject), "keep one of them"});
  } else if (needed && !node.has("content") && !node.has("source") && findings.sound(node)) {
    findings.report(node, {fmt::format("{} has neither 'content' nor 'source'", subject),
                           "add 'content:' and its text"});
  }
}

void check_sudoers(const SystemRequest& system, const Node& section, Findings& findings) {
  const std::vector<Node>& nodes = items_of(&section, "sudoers");
  check_unique(nodes, system.sudoers, "name", "file of sudoers", name_of<SudoersRequest>, findings);
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    check_repeats(system.sudoers[i].rules, &nodes[i], "rules", "rule", findings);
    if (system.sudoers[i].rules.empty() && findings.sound(nodes[i])) {
      findings.report(nodes[i],
                      {fmt::format("file of sudoers '{}' has no rules", *system.sudoers[i].name),
                       "add one, or remove the entry"});
    }
  }
}

/// The same sysctl for `net.ipv4.ip_forward` and `net/ipv4/ip_forward`: sysctl.d(5).
std::string sysctl_path(std::string name) {
  const auto separator = name.find_first_of("./");
  if (separator == std::string::npos || name[separator] == '/') return name;
  for (char& c : name) c = c == '.' ? '/' : c == '/' ? '.' : c;
  return name;
}

void check_sysctl(const SystemRequest& system, const Node& section, Findings& findings) {
  const Node* node = section.find("sysctl");
  if (node == nullptr || !findings.sound(*node)) return;
  std::map<std::string, Span> places;
  for (std::size_t i = 0; i < system.sysctl.size(); ++i) {
    const auto& key = system.sysctl[i].key;
    const auto [first, added] = places.try_emplace(sysctl_path(*key), key.at);
    if (added) continue;
    findings.report(
        node->entries[i].value, key.at,
        {fmt::format("sysctl '{}' is already given {}", *key, place_beside(key.at, first->second)),
         "keep one of the two"});
  }
}

/// The kernel's own spelling of a module's name: '-' and '_' are one to modprobe.
std::string module_of(std::string name) {
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

void check_modules(const SystemRequest& system, const Node& section, Findings& findings) {
  const Node* node = section_of(section, "kernel_modules");
  if (node == nullptr) return;
  const KernelModulesRequest& modules = system.kernel_modules;
  check_repeats(modules.load, node, "load", "module", findings);
  check_repeats(modules.deny, node, "deny", "module", findings);
  std::map<std::string, Span> denied;
  for (const auto& name : modules.deny) denied.try_emplace(module_of(*name), name.at);
  const std::vector<Node>& loaded = items_of(node, "load");
  for (std::size_t i = 0; i < loaded.size() && i < modules.load.size(); ++i) {
    const auto found = denied.find(module_of(*modules.load[i]));
    if (found == denied.end() || !findings.sound(loaded[i])) continue;
    findings.report(loaded[i],
                    {fmt::format("module '{}' is loaded here and denied {}", *modules.load[i],
                                 place_beside(loaded[i].at, found->second)),
                     "keep one of the two"});
  }
}

void check_ntp(const SystemRequest& system, const Node& section, Findings& findings) {
  const Node* node = section_of(section, "ntp");
  if (node == nullptr) return;
  check_repeats(system.ntp.servers, node, "servers", "time server", findings);
  check_repeats(system.ntp.pools, node, "pools", "pool of time servers", findings);
  if (system.ntp.servers.empty() && system.ntp.pools.empty() && findings.sound(*node)) {
    findings.report(
        *node, {"the ntp section names no server", "add 'servers' or 'pools', or remove 'ntp'"});
  }
}

void check_networks(const SystemRequest& system, const Node& section, Findings& findings) {
  const std::vector<Node>& nodes = items_of(&section, "network");
  check_unique(nodes, system.network, "name", "network", name_of<NetworkRequest>, findings);
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const NetworkRequest& network = system.network[i];
    const Node& node = nodes[i];
    if (!findings.sound(node)) continue;
    check_repeats(network.addresses, &node, "addresses", "address", findings);
    check_repeats(network.dns, &node, "dns", "name server", findings);
    if (network.match.empty()) {
      findings.report(node, {fmt::format("network '{}' is for no interface", *network.name),
                             "add names to 'match'; \"*\" is for all"});
    } else if (network.dhcp && !**network.dhcp && network.addresses.empty()) {
      findings.report(node, node.find("dhcp")->at,
                      {fmt::format("network '{}' has neither DHCP nor an address", *network.name),
                       "add 'addresses', or remove 'dhcp'"});
    } else if (network.gateway && network.addresses.empty()) {
      findings.report(node, node.find("gateway")->at,
                      {fmt::format("network '{}' has a gateway and no address", *network.name),
                       "add 'addresses', or leave the gateway to DHCP"});
    }
  }
}

/// Units that a part of the section needs, and so enables.
struct Needed {
  std::string_view key, unit;
};
constexpr Needed kNeeded[] = {
    {"ntp", "chronyd.service"},
    {"network", "systemd-networkd.service"},
};

void check_needed_units(const SystemRequest& system, const Node& section, Findings& findings) {
  for (const Needed& needed : kNeeded) {
    const Node* node = section.find(needed.key);
    if (node == nullptr || !findings.sound(*node)) continue;
    for (const auto* units : {&system.services.disable, &system.services.mask}) {
      for (const auto& unit : *units) {
        if (*unit != needed.unit) continue;
        findings.report(*node,
                        {fmt::format("'{}' needs '{}', which is {} {}", needed.key, needed.unit,
                                     units == &system.services.mask ? "masked" : "disabled",
                                     place_beside(node->at, unit.at)),
                         "keep one of the two"});
      }
    }
  }
}

}  // namespace

void check_units(const Blueprint& blueprint, const Node& root, Findings& findings) {
  const Node* section = section_of(root, "system");
  const std::vector<Node>& nodes = items_of(section, "units");
  const std::vector<UnitRequest>& units = blueprint.system.units;
  check_unique(nodes, units, "name", "unit", name_of<UnitRequest>, findings);
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const Node& node = nodes[i];
    const UnitRequest& unit = units[i];
    check_content(node, fmt::format("unit '{}'", *unit.name), unit.drop_ins.empty(), findings);
    const std::vector<Node>& drop_ins = items_of(&node, "drop_ins");
    check_unique(drop_ins, unit.drop_ins, "name", "drop-in", name_of<DropInRequest>, findings);
    for (std::size_t j = 0; j < drop_ins.size(); ++j) {
      check_content(drop_ins[j], fmt::format("drop-in '{}'", *unit.drop_ins[j].name), true,
                    findings);
    }
    for (const auto& masked : blueprint.system.services.mask) {
      if (*masked != *unit.name || !node.has("name") || !findings.sound(node)) continue;
      findings.report(*node.find("name"),
                      {fmt::format("unit '{}' is written here and masked {}", *unit.name,
                                   place_beside(node.at, masked.at)),
                       "keep one of the two"});
    }
  }
}

void check_settings(const Blueprint& blueprint, const Node& root, Findings& findings) {
  const Node* section = section_of(root, "system");
  if (section == nullptr) return;
  const SystemRequest& system = blueprint.system;
  check_sudoers(system, *section, findings);
  check_sysctl(system, *section, findings);
  check_modules(system, *section, findings);
  check_ntp(system, *section, findings);
  check_networks(system, *section, findings);
  check_needed_units(system, *section, findings);
  check_repeats(system.tmpfiles, section, "tmpfiles", "line", findings);
  if (system.firewall) {
    check_repeats(system.firewall->open, section_of(*section, "firewall"), "open", "entry",
                  findings);
  }
  check_repeats(system.services.presets, section_of(*section, "services"), "presets", "preset",
                findings);
}

}  // namespace composer::blueprint
