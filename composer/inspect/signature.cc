#include "composer/inspect/signature.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "composer/error.h"
#include "composer/inspect/byte_order.h"
#include "composer/inspect/fat_tree.h"
#include "composer/inspect/image_file.h"

namespace composer::inspect {
namespace {

struct Magic {
  std::string_view type;
  std::uint64_t at;
  std::string_view bytes;
  /// Where the UUID (16 bytes) and the label stand; 0 for "not there".
  std::uint64_t uuid_at, label_at;
  std::size_t label_size;
};

using namespace std::string_view_literals;

/// The list that libblkid has, without what no Linux disk of this decade holds.
constexpr std::array kMagics{
    Magic{"crypto_LUKS", 0, "LUKS\xba\xbe"sv, 0, 0, 0},
    Magic{"LVM2_member", 512, "LABELONE"sv, 0, 0, 0},
    Magic{"linux_raid_member", 4096, "\xfc\x4e\x2b\xa9"sv, 4096 + 16, 4096 + 32, 32},
    Magic{"xfs", 0, "XFSB"sv, 32, 108, 12},
    Magic{"btrfs", 0x10040, "_BHRfS_M"sv, 0x10020, 0x1012b, 256},
    Magic{"squashfs", 0, "hsqs"sv, 0, 0, 0},
    Magic{"erofs", 1024, "\xe2\xe1\xf5\xe0"sv, 1024 + 48, 1024 + 64, 16},
    Magic{"f2fs", 1024, "\x10\x20\xf5\xf2"sv, 1024 + 108, 0, 0},
    Magic{"swap", 4086, "SWAPSPACE2"sv, 1024 + 12, 1024 + 28, 16},
    Magic{"ntfs", 3, "NTFS    "sv, 0, 0, 0},
    Magic{"exfat", 3, "EXFAT   "sv, 0, 0, 0},
    Magic{"iso9660", 32769, "CD001"sv, 0, 0, 0},
};

/// The bytes, or nothing when the volume is too small.
std::string peek(const BlockSource& volume, std::uint64_t at, std::size_t length) {
  return is_within(at, length, volume.size().count) ? read_text(volume, at, length) : std::string();
}

std::string until_zero(std::string text) {
  text.resize(std::min(text.find('\0'), text.size()));
  return text;
}

struct Feature {
  std::uint32_t bit;
  std::string_view name;
};

// Source: e2fsprogs 1.47, lib/e2p/feature.c.
constexpr std::array kCompatible{
    Feature{0x1, "dir_prealloc"},  Feature{0x4, "has_journal"},     Feature{0x8, "ext_attr"},
    Feature{0x10, "resize_inode"}, Feature{0x20, "dir_index"},      Feature{0x200, "sparse_super2"},
    Feature{0x400, "fast_commit"}, Feature{0x800, "stable_inodes"}, Feature{0x1000, "orphan_file"}};
constexpr std::array kReadOnly{
    Feature{0x1, "sparse_super"},      Feature{0x2, "large_file"}, Feature{0x8, "huge_file"},
    Feature{0x10, "uninit_bg"},        Feature{0x20, "dir_nlink"}, Feature{0x40, "extra_isize"},
    Feature{0x100, "quota"},           Feature{0x200, "bigalloc"}, Feature{0x400, "metadata_csum"},
    Feature{0x1000, "read-only"},      Feature{0x2000, "project"}, Feature{0x8000, "verity"},
    Feature{0x10000, "orphan_present"}};
constexpr std::array kIncompatible{Feature{0x1, "compression"},
                                   Feature{0x2, "filetype"},
                                   Feature{0x4, "needs_recovery"},
                                   Feature{0x8, "journal_dev"},
                                   Feature{0x10, "meta_bg"},
                                   Feature{0x40, "extent"},
                                   Feature{0x80, "64bit"},
                                   Feature{0x100, "mmp"},
                                   Feature{0x200, "flex_bg"},
                                   Feature{0x400, "ea_inode"},
                                   Feature{0x2000, "metadata_csum_seed"},
                                   Feature{0x4000, "large_dir"},
                                   Feature{0x8000, "inline_data"},
                                   Feature{0x10000, "encrypt"},
                                   Feature{0x20000, "casefold"}};

template <std::size_t N>
void add_features(std::vector<std::string>& names, std::uint32_t bits, char set,
                  const std::array<Feature, N>& known) {
  for (const Feature& feature : known) {
    if ((bits & feature.bit) != 0) names.emplace_back(feature.name);
    bits &= ~feature.bit;
  }
  for (int bit = 0; bit < 32; ++bit) {
    if ((bits >> bit & 1) != 0) names.push_back(fmt::format("FEATURE_{}{}", set, bit));
  }
}

std::optional<FilesystemFacts> recognise_ext(const BlockSource& volume) {
  const std::string block = peek(volume, 1024, 1024);
  if (block.empty() || little_endian<std::uint16_t>(block, 56) != 0xef53) return std::nullopt;
  const auto compatible = little_endian<std::uint32_t>(block, 92);
  const auto incompatible = little_endian<std::uint32_t>(block, 96);
  const auto read_only = little_endian<std::uint32_t>(block, 100);
  FilesystemFacts facts;
  // As libblkid tells them apart: what ext3 does not know is ext4.
  const bool beyond_ext3 = (incompatible & ~0x16U) != 0 || (read_only & ~0x7U) != 0;
  facts.type = beyond_ext3 ? "ext4" : (compatible & 4) != 0 ? "ext3" : "ext2";
  facts.uuid = uuid_text(std::string_view(block).substr(104, 16));
  facts.label = until_zero(block.substr(120, 16));
  facts.needs_recovery = (incompatible & 4) != 0;
  facts.has_errors = (little_endian<std::uint16_t>(block, 58) & 2) != 0;
  add_features(facts.features, compatible, 'C', kCompatible);
  add_features(facts.features, read_only, 'R', kReadOnly);
  add_features(facts.features, incompatible, 'I', kIncompatible);
  std::sort(facts.features.begin(), facts.features.end());
  return facts;
}

std::optional<FilesystemFacts> recognise_fat(const BlockSource& volume) {
  const std::string boot = peek(volume, 0, 512);
  if (boot.empty() || !boot.ends_with("\x55\xaa") || (boot[0] != '\xeb' && boot[0] != '\xe9')) {
    return std::nullopt;
  }
  if (boot.substr(3, 4) == "NTFS" || boot.substr(3, 5) == "EXFAT") return std::nullopt;
  try {
    const FatLayout layout = read_fat_layout(volume);
    FilesystemFacts facts;
    facts.type = "vfat";
    facts.uuid = layout.uuid;
    facts.label = layout.label;
    facts.features = {fmt::format("FAT{}", layout.bits)};
    return facts;
  } catch (const Error& error) {
    // It says itself that it is FAT: then it is a broken one. Else it is something else.
    if (boot.substr(54, 3) != "FAT" && boot.substr(82, 3) != "FAT") return std::nullopt;
    FilesystemFacts facts;
    facts.type = "vfat";
    facts.problem = error.what();
    return facts;
  }
}

}  // namespace

std::optional<FilesystemFacts> recognise_filesystem(const BlockSource& volume) {
  for (const Magic& magic : kMagics) {
    if (peek(volume, magic.at, magic.bytes.size()) != magic.bytes) continue;
    FilesystemFacts facts;
    facts.type = magic.type;
    const std::string uuid = magic.uuid_at != 0 ? peek(volume, magic.uuid_at, 16) : std::string();
    if (!uuid.empty()) facts.uuid = uuid_text(uuid);
    if (magic.label_at != 0)
      facts.label = until_zero(peek(volume, magic.label_at, magic.label_size));
    return facts;
  }
  if (auto facts = recognise_ext(volume)) return facts;
  return recognise_fat(volume);
}

std::vector<FilesystemFacts> recognise_filesystems(const BlockSource& disk,
                                                   const DiskFacts& facts) {
  std::vector<FilesystemFacts> found;
  const auto look = [&](int partition, Bytes offset, Bytes size) {
    auto filesystem = recognise_filesystem(*part_of(disk, offset, size));
    if (!filesystem) return;
    filesystem->partition = partition;
    filesystem->offset = offset;
    filesystem->size = size;
    found.push_back(std::move(*filesystem));
  };
  if (facts.kind == TableKind::none) look(0, {0}, disk.size());
  for (const PartitionFacts& partition : facts.partitions) {
    // What is not within the disk is among its problems.
    if (partition.size.count > 0 &&
        is_within(partition.start.count, partition.size.count, disk.size().count)) {
      look(partition.number, partition.start, partition.size);
    }
  }
  return found;
}

bool is_read_directly(const std::string& type) {
  return type == "ext2" || type == "ext3" || type == "ext4" || type == "vfat";
}

bool is_read_by_guest(const std::string& type) {
  return type == "xfs" || type == "btrfs" || type == "squashfs" || type == "erofs" ||
         type == "f2fs" || type == "ntfs" || type == "exfat" || type == "iso9660";
}

}  // namespace composer::inspect
