#include <algorithm>
#include <fmt/format.h>
#include <map>

#include "composer/blueprint/checks.h"

// Subvolumes, compression, growth: what some filesystems can do and others cannot.

namespace composer::blueprint {
namespace {

void check_subvolume(const SubvolumeRequest& subvolume, const Node& node, Findings& findings) {
  if (!subvolume.mount && !subvolume.mount_options.empty()) {
    findings.report(
        *node.find("mount_options"),
        {fmt::format("subvolume '{}' has 'mount_options' but no 'mount'", *subvolume.name),
         "add 'mount:' and where"});
  }
  check_repeats(subvolume.mount_options, &node, "mount_options", "mount option", findings);
}

/// Options that the composer writes itself, from other keys.
void check_own_options(const std::vector<Located<std::string>>& options, bool compressed,
                       const Node& node, Findings& findings) {
  const std::vector<Node>& nodes = items_of(&node, "mount_options");
  for (std::size_t i = 0; i < nodes.size() && i < options.size(); ++i) {
    if (!findings.sound(nodes[i])) continue;
    const std::string_view name = std::string_view(*options[i]).substr(0, options[i]->find('='));
    if (name == "subvol" || name == "subvolid") {
      findings.report(nodes[i],
                      {fmt::format("mount option '{}': the composer writes it", *options[i]),
                       "list the subvolume under 'subvolumes', with its 'mount'"});
    } else if (compressed && (name == "compress" || name == "compress-force")) {
      findings.report(nodes[i], {fmt::format("mount option '{}' beside 'compression'", *options[i]),
                                 "keep 'compression', which the composer writes as this option"});
    }
  }
}

}  // namespace

void check_btrfs(const PartitionRequest& partition, const Node& node, Findings& findings) {
  if (!partition.filesystem) return;
  const FilesystemRequest& filesystem = *partition.filesystem;
  if (*filesystem.type != FilesystemType::btrfs) {
    for (const std::string_view key : {"subvolumes", "compression"}) {
      if (const Node* written = node.find(key)) {
        findings.report(*written, {fmt::format("partition '{}' has '{}', and {} has none",
                                               *partition.label, key, to_text(*filesystem.type)),
                                   "write 'filesystem: btrfs', or remove it"});
      }
    }
    return;
  }
  const bool compressed = filesystem.compression.has_value();
  check_own_options(filesystem.mount_options, compressed, node, findings);
  std::map<std::string_view, Span> places;
  const std::vector<Node>& nodes = items_of(&node, "subvolumes");
  for (std::size_t i = 0; i < nodes.size() && i < filesystem.subvolumes.size(); ++i) {
    const SubvolumeRequest& subvolume = filesystem.subvolumes[i];
    if (!findings.sound(nodes[i])) continue;
    check_subvolume(subvolume, nodes[i], findings);
    check_own_options(subvolume.mount_options, compressed, nodes[i], findings);
    const auto [first, added] = places.try_emplace(*subvolume.name, subvolume.name.at);
    if (added) continue;
    findings.report(*nodes[i].find("name"),
                    {fmt::format("subvolume '{}' is already given {}", *subvolume.name,
                                 place_beside(subvolume.name.at, first->second)),
                     "keep one of the two"});
  }
}

void check_growth(const PartitionRequest& partition, const Node& node, Findings& findings) {
  if (const Node* minimum = node.find("minimum_size"); minimum != nullptr && partition.size) {
    findings.report(
        *minimum, {fmt::format("partition '{}' has a size and a 'minimum_size'", *partition.label),
                   "write 'size: rest', or remove it"});
  }
  const Node* grow = node.find("grow");
  if (grow == nullptr || !partition.grow || !**partition.grow || !partition.filesystem) return;
  const FilesystemRequest& filesystem = *partition.filesystem;
  const FilesystemType type = *filesystem.type;
  if (type == FilesystemType::vfat || type == FilesystemType::swap) {
    findings.report(*grow,
                    {fmt::format("partition '{}' cannot grow: {} does not while it is in use",
                                 *partition.label, to_text(type)),
                     "remove 'grow'; ext4, xfs and btrfs can"});
    return;
  }
  const bool mounted =
      filesystem.mount || std::any_of(filesystem.subvolumes.begin(), filesystem.subvolumes.end(),
                                      [](const SubvolumeRequest& one) { return one.mount; });
  if (!mounted) {
    findings.report(*grow, {fmt::format("partition '{}' cannot grow: it is not mounted, and a "
                                        "filesystem grows where it is",
                                        *partition.label),
                            "add 'mount:', or remove 'grow'"});
  }
}

}  // namespace composer::blueprint
