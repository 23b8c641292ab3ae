#include <array>
#include <fmt/format.h>

#include "composer/blueprint/checks.h"

namespace composer::blueprint {
namespace {

/// What the image that is changed has already, and what becomes of it.
struct OfBase {
  std::string_view section, key;
  std::string_view hint;
};
constexpr std::array kOfBase{
    OfBase{"boot", "firmware", "remove it: an image starts by the firmware that it was made for"},
    OfBase{"boot", "loader", "remove it: the image keeps its boot loader"},
    OfBase{"boot", "uki", "remove it: the image keeps its boot loader"},
    OfBase{"packages", "on_top", "write 'install': all packages are installed on top of the image"},
};

/// Keys that only say something of an image that is there.
constexpr std::string_view kWithBase[] = {"remove", "update", "update_all"};

/// Partitions that a finished system has no use for: firmware and loader know theirs.
bool can_be_added(PartitionType type) {
  return type != PartitionType::root && type != PartitionType::esp &&
         type != PartitionType::bios_boot && type != PartitionType::xbootldr;
}

void check_added(const BaseRequest& base, const Node& section, Findings& findings) {
  const Node* list = section.find("partitions");
  if (list == nullptr || list->kind != Node::Kind::sequence) return;
  check_partitions(base.partitions, *list, findings);
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    const Node* type = list->items[i].find("type");
    if (type == nullptr || !findings.sound(*type)) continue;
    if (can_be_added(*base.partitions[i].type)) continue;
    findings.report(*type, {fmt::format("a partition of type '{}' cannot be added to an image",
                                        to_text(*base.partitions[i].type)),
                            "use 'linux-data', 'home', 'srv', 'var' or 'swap'"});
  }
  const Node* grow = section.find("grow");
  if (grow == nullptr || list->items.empty()) return;
  const PartitionRequest& last = base.partitions[list->items.size() - 1];
  if (!last.size && findings.sound(list->items.back())) {
    findings.report(*grow, {fmt::format("'grow' takes what partition '{}' takes with 'size: rest'",
                                        *last.label),
                            "keep one of the two"});
  }
}

void refuse_without(const Node& root, Findings& findings) {
  const Node* packages = section_of(root, "packages");
  if (packages == nullptr) return;
  for (const std::string_view key : kWithBase) {
    const Node* node = packages->find(key);
    if (node == nullptr) continue;
    findings.report(*node, {fmt::format("'{}' changes what an image has, and the blueprint makes "
                                        "one of packages alone",
                                        key),
                            key == "remove" ? "write 'exclude', or 'base: {}' to change an image"
                                            : "remove it, or write 'base: {}' to change an image"});
  }
}

}  // namespace

void check_base(const Blueprint& blueprint, const Node& root, Findings& findings) {
  if (!root.has("base")) return refuse_without(root, findings);
  const Node* disk = root.find("disk");
  if (disk != nullptr) {
    findings.report(*disk, {"the image that is changed has a disk of its own",
                            "write under 'base' what becomes of it, or remove 'base'"});
  }
  for (const OfBase& own : kOfBase) {
    const Node* section = section_of(root, own.section);
    const Node* node = section == nullptr ? nullptr : section->find(own.key);
    if (node == nullptr) continue;
    findings.report(
        *node, {fmt::format("'{}.{}' is that of the image that is changed", own.section, own.key),
                std::string(own.hint)});
  }
  if (const Node* base = section_of(root, "base"); base != nullptr && blueprint.base) {
    check_added(*blueprint.base, *base, findings);
  }
}

}  // namespace composer::blueprint
