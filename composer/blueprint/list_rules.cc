#include "composer/blueprint/list_rules.h"

#include <algorithm>
#include <iterator>

namespace composer::blueprint {
namespace {

struct Named {
  std::string_view list;
  std::string_view key;
  std::string_view else_key = {};
};

constexpr Named kNamed[] = {
    {"repositories", "id"},  {"partitions", "label"}, {"subvolumes", "name"},
    {"groups", "name"},      {"users", "name"},       {"sudoers", "name"},
    {"units", "name"},       {"drop_ins", "name"},    {"ca_certificates", "name"},
    {"network", "name"},     {"scripts", "name"},     {"files", "path"},
    {"directories", "path"}, {"ignore", "rule"},      {"outputs", "filename", "format"},
};

/// Lists of texts in which a second one of the same words means nothing more. Where it does
/// (`mkfs_options`) or where the order counts (`kernel_arguments`, `presets`), it is another entry.
constexpr std::string_view kSets[] = {
    "install", "exclude",  "remove", "update",    "erase",  "locales", "enable",        "disable",
    "mask",    "services", "groups", "ssh_keys",  "load",   "deny",    "profiles",      "open",
    "servers", "pools",    "dns",    "addresses", "search", "match",   "mount_options", "select",
};

}  // namespace

ListRule rule_of(std::string_view key) {
  ListRule rule;
  for (const Named& named : kNamed) {
    if (named.list != key) continue;
    rule.kind = ListRule::Kind::entries;
    rule.names.push_back(named.key);
    if (!named.else_key.empty()) rule.names.push_back(named.else_key);
    return rule;
  }
  if (std::find(std::begin(kSets), std::end(kSets), key) != std::end(kSets)) {
    rule.kind = ListRule::Kind::set;
  }
  return rule;
}

std::optional<std::string> name_of(const Node& entry, const ListRule& rule) {
  if (entry.kind == Node::Kind::scalar) return entry.text;
  if (entry.kind != Node::Kind::mapping) return std::nullopt;
  for (const std::string_view key : rule.names) {
    const Node* name = entry.find(key);
    if (name != nullptr && name->kind == Node::Kind::scalar) return name->text;
  }
  return std::nullopt;
}

}  // namespace composer::blueprint
