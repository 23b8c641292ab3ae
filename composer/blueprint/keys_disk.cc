#include "composer/blueprint.h"
#include "composer/blueprint/mappings.h"
#include "composer/blueprint/reader.h"
#include "composer/blueprint/scalars.h"
#include "composer/blueprint/words.h"

// In the text a partition and its filesystem are one mapping; in the struct the filesystem is a
// part of its own, made by whichever of its keys comes first.

namespace composer::blueprint {
namespace {

constexpr auto kRequired = Presence::required;

FilesystemRequest& filesystem_of(PartitionRequest& partition) {
  if (!partition.filesystem) partition.filesystem.emplace();
  return *partition.filesystem;
}

auto& filesystem_type(PartitionRequest& partition) {
  return filesystem_of(partition).type;
}
auto& filesystem_label(PartitionRequest& partition) {
  return filesystem_of(partition).label;
}
auto& mount(PartitionRequest& partition) {
  return filesystem_of(partition).mount;
}
auto& mount_options(PartitionRequest& partition) {
  return filesystem_of(partition).mount_options;
}
auto& mkfs_options(PartitionRequest& partition) {
  return filesystem_of(partition).mkfs_options;
}

auto& compression(PartitionRequest& partition) {
  return filesystem_of(partition).compression;
}

/// The subvolumes are the filesystem's, in the text the partition's.
constexpr KeyOf<PartitionRequest> subvolumes_key(KeyFacts facts) {
  facts.arity = Arity::list;
  return {{facts, nullptr, subvolume_mapping,
           [](Reader& reader, const Key& self, const Node& node, void* target) {
             auto& out = filesystem_of(*static_cast<PartitionRequest*>(target)).subvolumes;
             for (const Node* item : reader.expect_list(self, node)) {
               reader.read_mapping(*item, subvolume_mapping(), &out.emplace_back());
             }
           }}};
}

/// `size: rest` is a size that is not there.
constexpr KeyOf<PartitionRequest> size_key(KeyFacts facts) {
  return {{facts, &kPartitionSize, nullptr,
           [](Reader& reader, const Key& self, const Node& node, void* target) {
             std::optional<Bytes> size;
             if (!reader.read_scalar(self, kPartitionSize, node, size) || !size) return;
             static_cast<PartitionRequest*>(target)->size = {*size, node.at};
           }}};
}

constexpr std::string_view kNoLvm =
    "LVM is not supported yet: a partition grows to the end of the disk without it";
constexpr std::string_view kNoLuks =
    "encryption (LUKS) is not supported yet: a key that is in an image is no secret, and Azure "
    "encrypts disks when a machine is made";

constexpr Stranger kDiskStrangers[] = {
    {"lvm", "", kNoLvm, "give each filesystem a partition of its own"},
    {"volume_groups", "", kNoLvm, "give each filesystem a partition of its own"},
    {"luks", "", kNoLuks, "remove it"},
    {"encryption", "", kNoLuks, "remove it"},
    {"partition_table", "table"},
    {"partition_table_type", "table"},
};

constexpr Stranger kPartitionStrangers[] = {
    {"lvm", "", kNoLvm, "give each filesystem a partition of its own"},
    {"volume_group", "", kNoLvm, "give each filesystem a partition of its own"},
    {"logical_volumes", "", kNoLvm, "give each filesystem a partition of its own"},
    {"luks", "", kNoLuks, "remove it"},
    {"encrypted", "", kNoLuks, "remove it"},
    {"encrypt", "", kNoLuks, "remove it"},
    {"encryption", "", kNoLuks, "remove it"},
    {"min_size", "minimum_size"},
    {"size_min", "minimum_size"},
    {"growfs", "grow"},
    {"grow_on_first_boot", "grow"},
    {"compress", "compression"},
    {"fstype", "filesystem"},
    {"fs", "filesystem"},
    {"name", "label"},
    {"id", "label"},
    {"mountpoint", "mount"},
    {"mount_point", "mount"},
    {"options", "mount_options"},
    {"start", "", "where a partition starts is decided by the composer", "remove 'start'"},
    {"uuid", "", "UUIDs are derived from 'identity_seed'", "remove 'uuid'"},
};

constexpr Stranger kSubvolumeStrangers[] = {
    {"path", "name"},
    {"mountpoint", "mount"},
    {"options", "mount_options"},
    {"compression", "", "compression is the whole filesystem's", "give it to the partition"},
};

}  // namespace

const Mapping& subvolume_mapping() {
  static constexpr Table table(
      {"a subvolume",
       "disk.partitions[].subvolumes[]",
       "A subvolume of a btrfs.",
       {},
       kSubvolumeStrangers},
      {key<&SubvolumeRequest::name, kSubvolumeName>(
           {.name = "name",
            .presence = kRequired,
            .meaning = "Its path from the top of the filesystem; missing directories are made."}),
       key<&SubvolumeRequest::mount, kMountPoint>(
           {.name = "mount",
            .fallback = "not mounted by itself",
            .meaning = "Where it is mounted, by an entry in /etc/fstab with `subvol=`."}),
       key<&SubvolumeRequest::mount_options, kMountOption>({.name = "mount_options",
                                                            .fallback = "`[defaults]`",
                                                            .meaning = "Its options there."})});
  return table;
}

const Mapping& partition_mapping() {
  static constexpr Table table(
      {"a partition",
       "disk.partitions[]",
       "A partition, in the order of the disk, and the filesystem in it.",
       {},
       kPartitionStrangers},
      {key<&PartitionRequest::label, kPartitionLabel>(
           {.name = "label",
            .presence = kRequired,
            .meaning = "Name of the partition in the GPT; unique on the disk."}),
       key<&PartitionRequest::type, kPartitionType>(
           {.name = "type",
            .presence = kRequired,
            .meaning = "What it is for, as in the Discoverable Partitions Specification."}),
       size_key({.name = "size", .presence = kRequired, .meaning = "How large it is."}),
       key<&PartitionRequest::minimum_size, kSize>(
           {.name = "minimum_size",
            .fallback = "what its filesystem needs",
            .meaning = "Beside `size: rest`: what the rest must come to."}),
       key<&PartitionRequest::grow, kBoolean>(
           {.name = "grow",
            .fallback = "false",
            .meaning = "Of the last partition: whether it grows to the end of the machine's disk "
                       "at boot, by systemd-repart or growpart."}),
       key_at<filesystem_type, kFilesystem, PartitionRequest>(
           {.name = "filesystem",
            .fallback = "none",
            .meaning = "The filesystem that is made in it."}),
       key_at<filesystem_label, kFilesystemLabel, PartitionRequest>(
           {.name = "filesystem_label",
            .fallback = "the partition's label",
            .meaning = "The filesystem's own label."}),
       key_at<mount, kMountPoint, PartitionRequest>(
           {.name = "mount",
            .fallback = "not mounted",
            .meaning = "Where it is mounted, by an entry in /etc/fstab."}),
       key_at<mount_options, kMountOption, PartitionRequest>({.name = "mount_options",
                                                              .fallback = "`[defaults]`",
                                                              .meaning = "Its options there.",
                                                              .arity = Arity::list}),
       key_at<mkfs_options, kMkfsOption, PartitionRequest>(
           {.name = "mkfs_options",
            .fallback = "none",
            .meaning = "Further arguments of mkfs: features and sizes, never files or devices.",
            .arity = Arity::list}),
       subvolumes_key(
           {.name = "subvolumes", .fallback = "none", .meaning = "btrfs only: its subvolumes."}),
       key_at<compression, kBtrfsCompression, PartitionRequest>(
           {.name = "compression",
            .fallback = "none",
            .meaning = "btrfs only: how files are compressed, while the image is made and in the "
                       "running system."})});
  return table;
}

const Mapping& disk_mapping() {
  static constexpr Table table(
      {"the disk section", "disk", "The disk that every output is made of.", {}, kDiskStrangers},
      {key<&DiskRequest::table, kPartitionTable>(
           {.name = "table", .fallback = "gpt", .meaning = "The partition table."}),
       key<&DiskRequest::size, kSize>(
           {.name = "size", .presence = kRequired, .meaning = "How large the disk is."}),
       section<&DiskRequest::partitions, partition_mapping>(
           {.name = "partitions", .presence = kRequired, .meaning = "Its partitions, in order."})});
  return table;
}

}  // namespace composer::blueprint
