#include "composer/inspect/fat_tree.h"

#include <algorithm>
#include <fmt/format.h>
#include <map>

#include "composer/error.h"
#include "composer/inspect/byte_order.h"
#include "composer/inspect/fat_names.h"
#include "composer/inspect/recent_blocks.h"

namespace composer::inspect {
namespace {

constexpr std::size_t kEntry = 32;
/// The specification's limit on a directory: 65536 entries.
constexpr std::uint64_t kMostDirectory = 65536 * kEntry;
constexpr std::size_t kTablePiece = 4096;
constexpr std::size_t kDirectoriesAtHand = 4096, kEntriesAtHand = 2'000'000;
constexpr std::uint8_t kVolumeLabel = 0x08, kDirectory = 0x10, kLongName = 0x0f;

[[noreturn]] void fail(std::string_view why) {
  throw Error(ErrorKind::build, fmt::format("the FAT filesystem is broken: {}", why));
}

struct Entry {
  FileKind kind = FileKind::regular;
  std::uint32_t first = 0;  ///< Cluster; 0 for an empty file.
  std::uint32_t size = 0;   ///< Of a file, bytes.
};

struct Listing {
  std::map<std::string, Node> names;   ///< As they are written.
  std::map<std::string, Node> folded;  ///< In lower case, long and short.
};

class FatTree final : public FileTree {
 public:
  explicit FatTree(std::unique_ptr<BlockSource> volume)
      : volume_(std::move(volume)), layout_(read_fat_layout(*volume_)) {
    entries_[0] = {FileKind::directory, layout_.root_cluster, 0};
  }

  Node root() const override { return 0; }

  std::optional<Node> find(Node directory, std::string_view name) const override {
    const Listing& listing = listing_of(directory);
    const auto exact = listing.names.find(std::string(name));
    if (exact != listing.names.end()) return exact->second;
    const auto folded = listing.folded.find(fat_lower(name));
    return folded == listing.folded.end() ? std::nullopt : std::optional(folded->second);
  }

  FileStatus status(Node node) const override {
    const Entry& entry = entry_of(node);
    FileStatus status;
    status.kind = entry.kind;
    status.mode = 0755;
    status.size = entry.size;
    return status;
  }

  std::vector<std::string> names(Node directory) const override {
    std::vector<std::string> found;
    for (const auto& [name, node] : listing_of(directory).names) found.push_back(name);
    return found;
  }

  std::string target(Node) const override { fail("it has no links"); }

  std::string read(Node file, std::uint64_t offset, std::size_t most) const override {
    const Entry& entry = entry_of(file);
    if (offset >= entry.size) return {};
    most = std::min<std::uint64_t>(most, entry.size - offset);
    std::uint64_t index = offset / layout_.cluster;
    std::uint32_t cluster = cluster_at(file, entry.first, index);
    std::string content;
    for (std::uint64_t within = offset % layout_.cluster; content.size() < most; within = 0) {
      const std::size_t n =
          std::min<std::uint64_t>(most - content.size(), layout_.cluster - within);
      content += read_text(*volume_, place_of(cluster) + within, n);
      if (content.size() == most) break;
      cluster = next(cluster);
      if (cluster == 0) fail("a file ends before its size");
      last_ = {file, ++index, cluster};
    }
    return content;
  }

  ExtendedAttributes xattrs(Node) const override { return {}; }

 private:
  const Entry& entry_of(Node node) const {
    const auto found = entries_.find(node);
    if (found == entries_.end()) fail("there is no such entry");
    return found->second;
  }

  std::uint64_t place_of(std::uint32_t cluster) const {
    if (cluster < 2 || cluster - 2 >= layout_.clusters) fail("a cluster is not in the volume");
    return layout_.clusters_at + std::uint64_t{cluster - 2} * layout_.cluster;
  }

  std::uint32_t table_byte(std::uint64_t at) const {
    const std::uint64_t piece = at / kTablePiece * kTablePiece;
    const std::string& text = table_.get(piece, [&] {
      return read_text(
          *volume_, layout_.table + piece,
          std::min<std::uint64_t>(kTablePiece, volume_->size().count - (layout_.table + piece)));
    });
    return static_cast<unsigned char>(text.at(at - piece));
  }

  /// The cluster after this one, or zero at the chain's end.
  std::uint32_t next(std::uint32_t cluster) const {
    place_of(cluster);
    if (layout_.bits == 12) {
      const std::uint64_t at = cluster + cluster / 2;
      const std::uint32_t pair = table_byte(at) | table_byte(at + 1) << 8;
      const std::uint32_t value = cluster % 2 != 0 ? pair >> 4 : pair & 0xfff;
      return value >= 0xff8 ? 0 : checked(value);
    }
    const unsigned bytes = layout_.bits == 16 ? 2 : 4;
    std::uint32_t value = 0;
    for (unsigned i = 0; i < bytes; ++i) {
      value |= table_byte(std::uint64_t{cluster} * bytes + i) << (8 * i);
    }
    if (layout_.bits == 16) return value >= 0xfff8 ? 0 : checked(value);
    value &= 0x0fffffff;
    return value >= 0x0ffffff8 ? 0 : checked(value);
  }

  std::uint32_t checked(std::uint32_t cluster) const {
    place_of(cluster);
    return cluster;
  }

  /// The cluster of so many further on. A file's size bounds the walk, so a chain that goes round
  /// in circles ends too.
  std::uint32_t cluster_at(Node file, std::uint32_t first, std::uint64_t index) const {
    std::uint64_t at = 0;
    std::uint32_t cluster = first;
    // Large files are read piece by piece: not from the beginning each time.
    if (last_.file == file && last_.index <= index && last_.cluster != 0) {
      at = last_.index;
      cluster = last_.cluster;
    }
    for (; at < index; ++at) {
      cluster = next(cluster);
      if (cluster == 0) fail("a file ends before its size");
    }
    last_ = {file, index, cluster};
    return cluster;
  }

  const Listing& listing_of(Node directory) const {
    const auto known = listings_.find(directory);
    if (known != listings_.end()) return known->second;
    const Entry entry = entry_of(directory);
    if (entry.kind != FileKind::directory) fail("it is not a directory");
    Listing listing;
    LongName long_name;
    bool more = true;
    if (directory == 0 && layout_.bits != 32) {
      read_entries(layout_.root, layout_.root_size, listing, long_name);
      more = false;
    }
    std::uint64_t done = 0;
    for (std::uint32_t cluster = entry.first; more && cluster != 0; cluster = next(cluster)) {
      if (done >= kMostDirectory) fail("a directory has no end");
      more = read_entries(place_of(cluster), layout_.cluster, listing, long_name);
      done += layout_.cluster;
    }
    entries_at_hand_ += listing.names.size();
    if (listings_.size() >= kDirectoriesAtHand || entries_at_hand_ > kEntriesAtHand) {
      listings_.clear();
      entries_at_hand_ = listing.names.size();
    }
    return listings_.emplace(directory, std::move(listing)).first->second;
  }

  /// False when the directory ends here.
  bool read_entries(std::uint64_t offset, std::uint32_t size, Listing& listing,
                    LongName& long_name) const {
    const std::string bytes = read_text(*volume_, offset, size);
    for (std::size_t at = 0; at + kEntry <= bytes.size(); at += kEntry) {
      const std::string_view entry = std::string_view(bytes).substr(at, kEntry);
      if (entry[0] == '\0') return false;
      const auto attributes = little_endian<std::uint8_t>(entry, 11);
      if (entry[0] == '\xe5') {
        long_name.clear();
      } else if ((attributes & 0x3f) == kLongName) {
        long_name.add(entry);
      } else if ((attributes & kVolumeLabel) != 0) {
        long_name.clear();
      } else {
        add_entry(entry, attributes, offset + at, long_name.take(entry), listing);
      }
    }
    return true;
  }

  void add_entry(std::string_view entry, std::uint8_t attributes, Node node,
                 const std::string& long_name, Listing& listing) const {
    const std::string brief = short_name(entry);
    const std::string& name = long_name.empty() ? brief : long_name;
    if (!is_file_name(name) || !is_file_name(brief)) return;
    const std::uint32_t high =
        layout_.bits == 32 ? little_endian<std::uint16_t>(entry, 20) & 0x0fffU : 0;
    const bool is_directory = (attributes & kDirectory) != 0;
    Entry& known = entries_[node];
    known.kind = is_directory ? FileKind::directory : FileKind::regular;
    known.first = high << 16 | little_endian<std::uint16_t>(entry, 26);
    known.size = is_directory ? 0 : little_endian<std::uint32_t>(entry, 28);
    if (entries_.size() > kEntriesAtHand) fail("it has more than two million files");
    listing.names.try_emplace(name, node);
    listing.folded.try_emplace(fat_lower(name), node);
    listing.folded.try_emplace(fat_lower(brief), node);
  }

  struct Last {
    Node file = 0;
    std::uint64_t index = 0;
    std::uint32_t cluster = 0;
  };

  std::unique_ptr<BlockSource> volume_;
  FatLayout layout_;
  mutable RecentBlocks table_{256};
  mutable std::map<Node, Entry> entries_;  ///< By the offset of their entry; the root is 0.
  mutable std::map<Node, Listing> listings_;
  mutable std::size_t entries_at_hand_ = 0;
  mutable Last last_;
};

}  // namespace

FatLayout read_fat_layout(const BlockSource& volume) {
  if (volume.size().count < 512) fail("the volume is smaller than one sector");
  const std::string boot = read_text(volume, 0, 512);
  const std::uint64_t sector = little_endian<std::uint16_t>(boot, 11);
  const std::uint64_t per_cluster = little_endian<std::uint8_t>(boot, 13);
  const std::uint64_t reserved = little_endian<std::uint16_t>(boot, 14);
  const std::uint64_t fats = little_endian<std::uint8_t>(boot, 16);
  const std::uint64_t root_entries = little_endian<std::uint16_t>(boot, 17);
  const std::uint64_t short_sectors = little_endian<std::uint16_t>(boot, 19);
  const std::uint64_t short_fat = little_endian<std::uint16_t>(boot, 22);
  if (sector < 512 || sector > 4096 || (sector & (sector - 1)) != 0 || per_cluster == 0 ||
      (per_cluster & (per_cluster - 1)) != 0 || reserved == 0 || fats == 0) {
    fail("its boot sector is not possible");
  }
  const std::uint64_t sectors =
      short_sectors != 0 ? short_sectors : little_endian<std::uint32_t>(boot, 32);
  const std::uint64_t fat_size =
      short_fat != 0 ? short_fat : little_endian<std::uint32_t>(boot, 36);
  FatLayout layout;
  layout.cluster = static_cast<std::uint32_t>(sector * per_cluster);
  layout.table = reserved * sector;
  layout.root = (reserved + fats * fat_size) * sector;
  layout.root_size = static_cast<std::uint32_t>(root_entries * kEntry);
  layout.clusters_at = layout.root + (layout.root_size + sector - 1) / sector * sector;
  const std::uint64_t end = sectors * sector;
  if (end > volume.size().count) fail("it is larger than its volume");
  if (layout.clusters_at > end) fail("its tables are larger than itself");
  const std::uint64_t clusters = (end - layout.clusters_at) / layout.cluster;
  // The specification's rule: the number of clusters alone decides. Linux takes it for FAT32 where
  // there is no 16-bit table size.
  layout.bits = short_fat == 0 ? 32 : clusters < 4085 ? 12 : 16;
  if (clusters > 0x0ffffff4) fail("it has too many clusters");
  layout.clusters = static_cast<std::uint32_t>(clusters);
  if ((clusters + 2) * static_cast<std::uint64_t>(layout.bits) > fat_size * sector * 8) {
    fail("its table is too short for its clusters");
  }
  const bool is_fat32 = layout.bits == 32;
  if (is_fat32) layout.root_cluster = little_endian<std::uint32_t>(boot, 44);
  if (!is_fat32 && layout.root_size == 0) fail("it has no root directory");
  const std::size_t extended = is_fat32 ? 66 : 38;
  if (boot[extended] == 0x29 || boot[extended] == 0x28) {
    layout.uuid = fmt::format("{:04X}-{:04X}", little_endian<std::uint16_t>(boot, extended + 3),
                              little_endian<std::uint16_t>(boot, extended + 1));
  }
  if (boot[extended] == 0x29) {
    layout.label = without_spaces(std::string_view(boot).substr(extended + 5, 11));
    if (layout.label == "NO NAME") layout.label.clear();
  }
  return layout;
}

std::unique_ptr<FileTree> open_fat(std::unique_ptr<BlockSource> volume) {
  return std::make_unique<FatTree>(std::move(volume));
}

}  // namespace composer::inspect
