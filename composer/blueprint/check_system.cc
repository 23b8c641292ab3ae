#include <fmt/format.h>
#include <map>

#include "composer/base/own_paths.h"
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

/// What the composer writes itself is not the author's to write.
void check_own_path(const OwnPaths& own, const std::string& path, std::string_view noun,
                    const Node& node, Findings& findings) {
  if (!node.has("path") || !findings.sound(node)) return;
  if (auto problem = own.problem_of(path, noun)) {
    findings.report(node, node.find("path")->at, {problem->message, problem->hint});
  }
}

/// Reports each path that is there before, by the same name or through a link into /usr.
void check_unique_paths(const std::vector<Node>& nodes, const auto& items, std::string_view noun,
                        Findings& findings) {
  std::map<std::string, Span> places;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const Node* node = nodes[i].find("path");
    if (node == nullptr || !findings.sound(*node)) continue;
    const std::string& path = *items[i].path;
    const auto [first, added] = places.try_emplace(merged_path(path), node->at);
    if (added) continue;
    findings.report(*node, {fmt::format("{} '{}' is already given {}", noun, path,
                                        place_beside(node->at, first->second)),
                            "keep one of the two"});
  }
}

void check_directories(const SystemRequest& system, const OwnPaths& own, const Node& section,
                       Findings& findings) {
  const std::vector<Node>& nodes = items_of(&section, "directories");
  check_unique_paths(nodes, system.directories, "directory", findings);
  std::map<std::string, Span> files;
  for (const FileRequest& file : system.files) {
    files.try_emplace(merged_path(*file.path), file.path.at);
  }
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const DirectoryRequest& directory = system.directories[i];
    if (directory.mode && **directory.mode == 0 && findings.sound(nodes[i])) {
      findings.report(nodes[i], nodes[i].find("mode")->at,
                      {fmt::format("nobody may use the directory '{}'", *directory.path),
                       "write \"0700\" for its owner alone"});
    }
    const std::string& path = *directory.path;
    check_own_path(own, path, "directory", nodes[i], findings);
    const auto found = files.find(merged_path(path));
    if (found == files.end() || !findings.sound(nodes[i]) || !nodes[i].has("path")) continue;
    findings.report(*nodes[i].find("path"),
                    {fmt::format("'{}' is a directory here and a file {}", path,
                                 place_beside(nodes[i].at, found->second)),
                     "keep one of the two"});
  }
}

/// The second user of a home would get the first one's files, and replace its ssh keys.
void check_homes(const std::vector<UserRequest>& users, const std::vector<Node>& nodes,
                 Findings& findings) {
  std::map<std::string, std::size_t> homes;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (!nodes[i].has("name") || !findings.sound(nodes[i])) continue;
    const auto [first, added] = homes.try_emplace(home_of(users[i]), i);
    const UserRequest& other = users[first->second];
    if (added || *other.name == *users[i].name) continue;
    // Accounts of services share '/' or '/nonexistent'.
    if (other.ssh_keys.empty() && users[i].ssh_keys.empty()) continue;
    const Node& at = *nodes[i].find(nodes[i].has("home") ? "home" : "name");
    findings.report(nodes[i], at.at,
                    {fmt::format("'{}' is the home of user '{}' already, given {}", first->first,
                                 *other.name, place_beside(at.at, other.name.at)),
                     "give each user a home of its own"});
  }
}

/// What `systemctl enable` and `disable` know nothing to do with: devices and scopes have no file
/// of their own.
void check_switched_units(const std::vector<Located<std::string>>& units,
                          const std::vector<Node>& nodes, std::string_view verb,
                          Findings& findings) {
  for (std::size_t i = 0; i < nodes.size() && i < units.size(); ++i) {
    if (!findings.sound(nodes[i])) continue;
    const std::string& unit = *units[i];
    if (unit.ends_with(".device") || unit.ends_with(".scope")) {
      findings.report(
          nodes[i],
          {fmt::format("cannot {} '{}': devices and scopes come and go by themselves", verb, unit),
           "name a service, socket, timer or target"});
    }
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
  check_homes(system.users, nodes, findings);
}

void check_services(const Blueprint& blueprint, const Node& root, Findings& findings) {
  const Node* system = section_of(root, "system");
  const Node* section = system == nullptr ? nullptr : section_of(*system, "services");
  const ServicesRequest& services = blueprint.system.services;
  check_repeats(services.enable, section, "enable", "unit", findings);
  check_repeats(services.disable, section, "disable", "unit", findings);
  check_repeats(services.mask, section, "mask", "unit", findings);

  check_switched_units(services.enable, items_of(section, "enable"), "enable", findings);
  check_switched_units(services.disable, items_of(section, "disable"), "disable", findings);

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
  const OwnPaths own(blueprint);
  check_directories(blueprint.system, own, *section, findings);
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
    check_own_path(own, *files[i].path, "file", node, findings);
  }
  check_unique_paths(nodes, files, "file", findings);
}

}  // namespace composer::blueprint
