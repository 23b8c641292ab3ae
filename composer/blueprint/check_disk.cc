#include <algorithm>
#include <fmt/format.h>
#include <map>

#include "composer/blueprint/checks.h"

// What partitions must be to each other and to their filesystems. Whether they fit on the disk, and
// whether a filesystem fits into its partition, is plan/layout.cc's business, which does the sums.

namespace composer::blueprint {
namespace {

struct Partition {
  const PartitionRequest& value;
  const Node& node;

  bool is(PartitionType type) const { return *value.type == type; }
  bool holds(FilesystemType type) const {
    return value.filesystem && *value.filesystem->type == type;
  }
  Span place_of(std::string_view key) const { return node.find(key)->at; }

  /// The mount points of its filesystem and of the subvolumes in it.
  std::vector<std::pair<std::string, const Node*>> mounts() const {
    std::vector<std::pair<std::string, const Node*>> found;
    if (!value.filesystem) return found;
    if (const Node* mount = node.find("mount")) found.emplace_back(mount->text, mount);
    for (const Node& item : items_of(&node, "subvolumes")) {
      if (const Node* mount = item.find("mount")) found.emplace_back(mount->text, mount);
    }
    return found;
  }
  bool has_mounted_subvolume() const {
    return std::any_of(value.filesystem->subvolumes.begin(), value.filesystem->subvolumes.end(),
                       [](const SubvolumeRequest& subvolume) { return subvolume.mount; });
  }
};

/// Where a partition of a type is mounted, by the Discoverable Partitions Specification, which
/// systemd-gpt-auto-generator goes by; nothing where it may be anywhere.
std::string_view home_of(PartitionType type) {
  switch (type) {
    case PartitionType::esp:
      return "/boot/efi";  // Not of the specification: where Azure Linux's packages have their
                           // files.
    case PartitionType::xbootldr:
      return "/boot";
    case PartitionType::root:
      return "/";
    case PartitionType::home:
      return "/home";
    case PartitionType::srv:
      return "/srv";
    case PartitionType::var:
      return "/var";
    default:
      return {};
  }
}

/// The longest label that a filesystem can hold, in bytes.
std::size_t longest_label(FilesystemType type) {
  switch (type) {
    case FilesystemType::ext4:
      return 16;  // s_volume_name of the superblock
    case FilesystemType::xfs:
      return 12;  // sb_fname
    case FilesystemType::btrfs:
      return 255;  // BTRFS_LABEL_SIZE less its NUL
    case FilesystemType::vfat:
      return 11;  // BS_VolLab
    case FilesystemType::swap:
      return 15;  // mkswap cuts at 16 bytes, its NUL among them
  }
  return 0;
}

/// Keys that say something about a filesystem, in a partition that has none.
void check_orphans(const Partition& partition, Findings& findings) {
  constexpr std::string_view kNeedFilesystem[] = {
      "mount",      "filesystem_label", "mount_options", "mkfs_options",
      "subvolumes", "compression",      "grow"};
  if (partition.node.has("filesystem")) return;
  for (const std::string_view key : kNeedFilesystem) {
    if (!partition.node.has(key)) continue;
    const bool bios_boot = partition.is(PartitionType::bios_boot);
    findings.report(
        partition.node, partition.place_of(key),
        {fmt::format("partition '{}' has '{}' but no 'filesystem'", *partition.value.label, key),
         bios_boot ? fmt::format("remove '{}': a bios-boot partition holds GRUB's code", key)
                   : "add 'filesystem:', such as ext4"});
    return;
  }
}

void check_type(const Partition& partition, Findings& findings) {
  const Node* filesystem = partition.node.find("filesystem");
  const std::string& label = *partition.value.label;
  const auto refuse = [&](const Span& at, std::string message, std::string hint) {
    findings.report(partition.node, at, {std::move(message), std::move(hint)});
  };
  if (partition.is(PartitionType::bios_boot)) {
    if (filesystem != nullptr) {
      refuse(filesystem->at,
             fmt::format("partition '{}' of type 'bios-boot' has a filesystem, which GRUB's code "
                         "would overwrite",
                         label),
             "remove 'filesystem'");
    }
    return;
  }
  if (partition.is(PartitionType::esp) && !partition.holds(FilesystemType::vfat)) {
    refuse(filesystem != nullptr ? filesystem->at : partition.node.at,
           fmt::format("partition '{}' of type 'esp' is not vfat, and no firmware reads another",
                       label),
           "write 'filesystem: vfat'");
  } else if (partition.is(PartitionType::swap) != partition.holds(FilesystemType::swap)) {
    refuse(filesystem != nullptr ? filesystem->at : partition.node.at,
           partition.is(PartitionType::swap)
               ? fmt::format("partition '{}' of type 'swap' does not hold swap", label)
               : fmt::format("partition '{}' holds swap but is of another type", label),
           partition.is(PartitionType::swap) ? "write 'filesystem: swap'" : "write 'type: swap'");
  }
}

void check_mount(const Partition& partition, Findings& findings) {
  if (!partition.value.filesystem) return;
  const FilesystemRequest& filesystem = *partition.value.filesystem;
  const std::string& label = *partition.value.label;
  const std::string_view home = home_of(*partition.value.type);
  const auto refuse = [&](std::string_view key, std::string message, std::string hint) {
    findings.report(partition.node,
                    partition.node.has(key) ? partition.place_of(key) : partition.node.at,
                    {std::move(message), std::move(hint)});
  };
  if (partition.holds(FilesystemType::swap)) {
    if (filesystem.mount) {
      refuse("mount", fmt::format("partition '{}' holds swap, which is mounted nowhere", label),
             "remove 'mount'");
    }
    return;
  }
  if (!filesystem.mount && partition.has_mounted_subvolume()) {
    if (home.empty() || std::any_of(filesystem.subvolumes.begin(), filesystem.subvolumes.end(),
                                    [&](const SubvolumeRequest& one) {
                                      return one.mount && **one.mount == home;
                                    })) {
      return;
    }
    refuse(
        "subvolumes",
        fmt::format("no subvolume of partition '{}' of type '{}' is mounted on '{}'", label,
                    to_text(*partition.value.type), home),
        fmt::format("add 'mount: {}' to one, or give the partition the type 'linux-data'", home));
    return;
  }
  if (!filesystem.mount) {
    if (!home.empty()) {
      refuse("mount",
             fmt::format("partition '{}' of type '{}' is not mounted", label,
                         to_text(*partition.value.type)),
             fmt::format("add 'mount: {}'", home));
    } else if (partition.node.has("mount_options")) {
      refuse("mount_options",
             fmt::format("partition '{}' has 'mount_options' but no 'mount'", label),
             "add 'mount:' and where");
    }
    return;
  }
  const std::string& mount = **filesystem.mount;
  if (!home.empty() && mount != home) {
    refuse("mount",
           fmt::format("partition '{}' of type '{}' is mounted on '{}'", label,
                       to_text(*partition.value.type), mount),
           partition.is(PartitionType::esp)
               ? fmt::format("mount it on '{}', where the packages put their files", home)
               : fmt::format("mount it on '{}', or give it the type 'linux-data'", home));
  } else if (mount == "/" && !partition.is(PartitionType::root)) {
    refuse("type",
           fmt::format("partition '{}' is mounted on '/' but is of type '{}'", label,
                       to_text(*partition.value.type)),
           "write 'type: root'");
  } else if (mount == "/" && partition.holds(FilesystemType::vfat)) {
    refuse("filesystem", "the root filesystem cannot be vfat, which has no owners, links or modes",
           "use ext4, xfs or btrfs");
  }
}

void check_filesystem_label(const Partition& partition, Findings& findings) {
  if (!partition.value.filesystem || !partition.value.filesystem->label) return;
  const FilesystemRequest& filesystem = *partition.value.filesystem;
  const std::string& label = **filesystem.label;
  const std::size_t most = longest_label(*filesystem.type);
  const Span at = partition.place_of("filesystem_label");
  if (label.size() > most) {
    findings.report(partition.node, at,
                    {fmt::format("filesystem label '{}' is {} bytes long", label, label.size()),
                     fmt::format("{} has room for {}", to_text(*filesystem.type), most)});
  } else if (*filesystem.type == FilesystemType::vfat &&
             label.find_first_of("*?.,;:/\\|+=<>[]\"") != std::string::npos) {
    findings.report(
        partition.node, at,
        {fmt::format("filesystem label '{}' holds a character that vfat forbids", label),
         "use letters, digits, '_' and '-'"});
  }
}

/// Reports the second of two partitions that have the same text under `key`.
template <typename Get>
void check_unique(const std::vector<Partition>& partitions, std::string_view key,
                  std::string_view noun, Get get, Findings& findings) {
  std::map<std::string, Span> places;
  for (const Partition& partition : partitions) {
    const Node* node = partition.node.find(key);
    if (node == nullptr || !findings.sound(*node)) continue;
    const auto [first, added] = places.try_emplace(get(partition), node->at);
    if (added) continue;
    findings.report(*node, {fmt::format("{} '{}' is already given {}", noun, get(partition),
                                        place_beside(node->at, first->second)),
                            fmt::format("give each partition a {} of its own", noun)});
  }
}

/// The same for mount points, those of subvolumes among them.
void check_unique_mounts(const std::vector<Partition>& partitions, Findings& findings) {
  std::map<std::string, Span> places;
  for (const Partition& partition : partitions) {
    // A mount point that is wrong for its partition is one mistake, wrong for another's too or not.
    if (!findings.sound(partition.node)) continue;
    for (const auto& [path, node] : partition.mounts()) {
      const auto [first, added] = places.try_emplace(path, node->at);
      if (added) continue;
      findings.report(*node, {fmt::format("mount point '{}' is already given {}", path,
                                          place_beside(node->at, first->second)),
                              "give each partition a mount point of its own"});
    }
  }
}

void check_together(const std::vector<Partition>& partitions, Findings& findings) {
  check_unique(
      partitions, "label", "label", [](const Partition& p) { return *p.value.label; }, findings);
  check_unique(
      partitions, "filesystem_label", "filesystem label",
      [](const Partition& p) { return **p.value.filesystem->label; }, findings);
  check_unique_mounts(partitions, findings);
  for (std::size_t i = 0; i < partitions.size(); ++i) {
    const Partition& partition = partitions[i];
    const Node* size = partition.node.find("size");
    if (size != nullptr && size->text == "rest" && i + 1 < partitions.size()) {
      findings.report(*size, {"'rest' leaves nothing for the partitions after this one",
                              "put this partition last, or give it a size"});
    }
    const Node* grow = partition.node.find("grow");
    if (grow != nullptr && findings.sound(*grow) && **partition.value.grow &&
        i + 1 < partitions.size()) {
      findings.report(*grow, {fmt::format("partition '{}' cannot grow: another one follows it",
                                          *partition.value.label),
                              "put it last"});
    }
  }
}

void check_root(const std::vector<PartitionRequest>& requests, const Node& list,
                Findings& findings) {
  for (std::size_t i = 0; i < list.items.size(); ++i) {
    if (list.items[i].kind != Node::Kind::mapping) continue;
    for (const auto& [path, mount] : Partition{requests[i], list.items[i]}.mounts()) {
      if (path == "/") return;
    }
  }
  findings.report(list,
                  {"no partition is mounted on '/'",
                   "add '- {label: root, type: root, size: rest, filesystem: ext4, mount: /}'"});
}

}  // namespace

void check_partitions(const std::vector<PartitionRequest>& requests, const Node& list,
                      Findings& findings) {
  std::vector<Partition> partitions;
  for (std::size_t i = 0; i < list.items.size(); ++i) {
    const Node& node = list.items[i];
    const Partition partition{requests[i], node};
    if (node.kind == Node::Kind::mapping) partitions.push_back(partition);
    if (const Node* options = node.find("mkfs_options");
        options != nullptr && node.has("filesystem") && findings.sound(*node.find("filesystem"))) {
      check_mkfs_options(*partition.value.filesystem, node, findings);
    }
    if (findings.sound(node)) check_orphans(partition, findings);
    if (findings.sound(node)) check_type(partition, findings);
    if (findings.sound(node)) check_mount(partition, findings);
    if (findings.sound(node)) check_filesystem_label(partition, findings);
    if (findings.sound(node)) check_btrfs(partition.value, node, findings);
    if (findings.sound(node)) check_growth(partition.value, node, findings);
    if (partition.value.filesystem) {
      check_repeats(partition.value.filesystem->mount_options, &node, "mount_options",
                    "mount option", findings);
    }
  }
  check_together(partitions, findings);
}

void check_disk(const Blueprint& blueprint, const Node& root, Findings& findings) {
  const Node* section = section_of(root, "disk");
  const Node* list = section == nullptr ? nullptr : section->find("partitions");
  if (list == nullptr || list->kind != Node::Kind::sequence) return;
  const bool all_sound = findings.sound(*list);
  check_partitions(blueprint.disk.partitions, *list, findings);
  if (all_sound) check_root(blueprint.disk.partitions, *list, findings);
  if (*blueprint.disk.table == PartitionTableType::mbr && findings.sound(*section, "table")) {
    constexpr std::size_t kMost = 4;  // Primary ones; the composer makes no extended partition.
    if (list->items.size() > kMost) {
      findings.report(list->items[kMost],
                      {"an MBR has room for four partitions", "write 'table: gpt', or use fewer"});
    }
  } else if (list->items.size() > 128) {
    findings.report(list->items[128], {"a GPT has room for 128 partitions", "use fewer"});
  }
}

}  // namespace composer::blueprint
