#include <fmt/format.h>
#include <map>

#include "composer/blueprint/check_unique.h"

namespace composer::blueprint {
namespace {

void check_number(const Node& item, std::string_view key, std::uint32_t number,
                  std::string_view name, Findings& findings) {
  constexpr std::uint32_t kNobody16 = 65535;  // (uid_t) -1 of 16 bits
  const Node* node = item.find(key);
  if (node == nullptr || !findings.sound(*node)) return;
  if (number == kNobody16) {
    findings.report(*node, {fmt::format("{} 65535 means 'none' to older system calls", key),
                            "use another number"});
  } else if ((number == 0) != (name == "root")) {
    findings.report(*node, {number == 0 ? fmt::format("{} 0 is root's, not '{}''s", key, name)
                                        : fmt::format("root's {} is 0, not {}", key, number),
                            number == 0 ? "use another number" : fmt::format("remove '{}'", key)});
  }
}

void check_groups(const SystemRequest& system, const Node& section, Findings& findings) {
  const std::vector<Node>& nodes = items_of(&section, "groups");
  check_unique(
      nodes, system.groups, "name", "group", [](const GroupRequest& group) { return *group.name; },
      findings);
  check_unique(
      nodes, system.groups, "gid", "gid",
      [](const GroupRequest& group) { return std::to_string(**group.gid); }, findings);
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const GroupRequest& group = system.groups[i];
    if (group.gid && findings.sound(nodes[i])) {
      check_number(nodes[i], "gid", **group.gid, *group.name, findings);
    }
  }
}

/// Files that the composer writes or changes by what other keys say, and which key says it. Source:
/// the configure steps (composer/tree) and passwd(5), group(5), fstab(5), machine-id(5).
struct OwnFile {
  std::string_view path;
  std::string_view key;  ///< Only where this key of `system` is given; empty for always.
  std::string_view hint;
};

constexpr OwnFile kOwnFiles[] = {
    {"/etc/fstab", "", "use 'mount' and 'mount_options' of the partitions"},
    {"/etc/passwd", "", "use 'users'"},
    {"/etc/shadow", "", "use 'users'"},
    {"/etc/group", "", "use 'groups'"},
    {"/etc/gshadow", "", "use 'groups'"},
    {"/etc/machine-id", "", "each machine gets its own at the first boot"},
    {"/etc/hostname", "hostname", "remove one of the two"},
    {"/etc/locale.conf", "locale", "remove one of the two"},
    {"/etc/localtime", "timezone", "remove one of the two"},
    {"/etc/vconsole.conf", "keymap", "remove one of the two"},
    {"/etc/motd", "motd", "remove one of the two"},
    {"/etc/chrony.d/blueprint.conf", "ntp", "use another name"},
    {"/etc/sysctl.d/99-blueprint.conf", "sysctl", "use another name"},
    {"/etc/modules-load.d/blueprint.conf", "kernel_modules", "use another name"},
    {"/etc/modprobe.d/blueprint.conf", "kernel_modules", "use another name"},
    {"/etc/tmpfiles.d/blueprint.conf", "tmpfiles", "use another name"},
    {"/etc/systemd/system-preset/00-blueprint.preset", "services", "use another name"},
};

void check_own_file(const FileRequest& file, const Node& node, const Node& section,
                    Findings& findings) {
  for (const OwnFile& own : kOwnFiles) {
    if (own.path != *file.path || (!own.key.empty() && !section.has(own.key))) continue;
    findings.report(node, node.find("path")->at,
                    {own.key.empty() ? fmt::format("the composer writes '{}' itself", own.path)
                                     : fmt::format("'{}' is what '{}' writes", own.path, own.key),
                     std::string(own.hint)});
  }
}

/// Files that are named after what the author calls an entry: path, and the key that writes it.
std::map<std::string, std::string_view> named_files(const SystemRequest& system) {
  std::map<std::string, std::string_view> files;
  for (const auto& item : system.sudoers) files["/etc/sudoers.d/" + *item.name] = "sudoers";
  for (const auto& unit : system.units) {
    if (unit.content || unit.source) files["/etc/systemd/system/" + *unit.name] = "units";
    for (const auto& drop_in : unit.drop_ins) {
      files[fmt::format("/etc/systemd/system/{}.d/{}", *unit.name, *drop_in.name)] = "units";
    }
  }
  for (const auto& network : system.network) {
    files[fmt::format("/etc/systemd/network/{}.network", *network.name)] = "network";
  }
  return files;
}

void check_directories(const SystemRequest& system, const Node& section, Findings& findings) {
  const std::vector<Node>& nodes = items_of(&section, "directories");
  check_unique(
      nodes, system.directories, "path", "directory",
      [](const DirectoryRequest& directory) { return *directory.path; }, findings);
  std::map<std::string_view, Span> files;
  for (const FileRequest& file : system.files) files.try_emplace(*file.path, file.path.at);
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const DirectoryRequest& directory = system.directories[i];
    if (directory.mode && **directory.mode == 0 && findings.sound(nodes[i])) {
      findings.report(nodes[i], nodes[i].find("mode")->at,
                      {fmt::format("nobody may use the directory '{}'", *directory.path),
                       "write \"0700\" for its owner alone"});
    }
    const auto found = files.find(*directory.path);
    if (found == files.end() || !findings.sound(nodes[i]) || !nodes[i].has("path")) continue;
    findings.report(*nodes[i].find("path"),
                    {fmt::format("'{}' is a directory here and a file {}", found->first,
                                 place_beside(nodes[i].at, found->second)),
                     "keep one of the two"});
  }
}

}  // namespace

void check_users(const Blueprint& blueprint, const Node& root, Findings& findings) {
  const Node* section = section_of(root, "system");
  if (section == nullptr) return;
  const SystemRequest& system = blueprint.system;
  check_groups(system, *section, findings);
  const std::vector<Node>& nodes = items_of(section, "users");
  check_unique(
      nodes, system.users, "name", "user", [](const UserRequest& user) { return *user.name; },
      findings);
  check_unique(
      nodes, system.users, "uid", "uid",
      [](const UserRequest& user) { return std::to_string(**user.uid); }, findings);
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const UserRequest& user = system.users[i];
    check_repeats(user.groups, &nodes[i], "groups", "group", findings);
    check_repeats(user.ssh_keys, &nodes[i], "ssh_keys", "ssh key", findings);
    if (user.uid && findings.sound(nodes[i])) {
      check_number(nodes[i], "uid", **user.uid, *user.name, findings);
    }
  }
}

void check_services(const Blueprint& blueprint, const Node& root, Findings& findings) {
  const Node* system = section_of(root, "system");
  const Node* section = system == nullptr ? nullptr : section_of(*system, "services");
  const ServicesRequest& services = blueprint.system.services;
  check_repeats(services.enable, section, "enable", "unit", findings);
  check_repeats(services.disable, section, "disable", "unit", findings);
  check_repeats(services.mask, section, "mask", "unit", findings);

  struct Off {
    std::string_view how;
    Span at;
  };
  std::map<std::string_view, Off> off;
  for (const auto& unit : services.disable) off.try_emplace(*unit, Off{"disabled", unit.at});
  for (const auto& unit : services.mask) off.try_emplace(*unit, Off{"masked", unit.at});
  const auto check = [&](const std::vector<Located<std::string>>& units,
                         const std::vector<Node>& nodes, std::string_view how) {
    for (std::size_t i = 0; i < nodes.size() && i < units.size(); ++i) {
      const auto found = off.find(*units[i]);
      if (found == off.end() || !findings.sound(nodes[i])) continue;
      findings.report(nodes[i],
                      {fmt::format("unit '{}' is {} here and {} {}", *units[i], how,
                                   found->second.how, place_beside(nodes[i].at, found->second.at)),
                       "keep one of the two"});
    }
  };
  check(services.enable, items_of(section, "enable"), "enabled");

  const Node* tests = section_of(root, "tests");
  const Node* boot = tests == nullptr ? nullptr : section_of(*tests, "boot");
  check_repeats(blueprint.boot_test.services, boot, "services", "unit", findings);
  check(blueprint.boot_test.services, items_of(boot, "services"), "expected to run");
}

void check_files(const Blueprint& blueprint, const Node& root, Findings& findings) {
  const Node* section = section_of(root, "system");
  const std::vector<Node>& nodes = items_of(section, "files");
  const std::vector<FileRequest>& files = blueprint.system.files;
  if (section == nullptr) return;
  check_directories(blueprint.system, *section, findings);
  const auto named = named_files(blueprint.system);
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const Node& node = nodes[i];
    if (node.kind != Node::Kind::mapping) continue;
    if (node.has("content") && node.has("source")) {
      findings.report(node, node.find("source")->at,
                      {"a file with both 'content' and 'source'", "keep one of them"});
    } else if (!node.has("content") && !node.has("source") && findings.sound(node)) {
      findings.report(node,
                      {fmt::format("file '{}' has neither 'content' nor 'source'", *files[i].path),
                       "add 'content: \"\"' for an empty file"});
    }
    if (findings.sound(node)) check_own_file(files[i], node, *section, findings);
    const auto other = named.find(*files[i].path);
    if (other != named.end() && findings.sound(node)) {
      findings.report(node, node.find("path")->at,
                      {fmt::format("'{}' is what '{}' writes", other->first, other->second),
                       "remove one of the two"});
    }
  }
  check_unique(
      nodes, files, "path", "file", [](const FileRequest& file) { return *file.path; }, findings);
}

}  // namespace composer::blueprint
