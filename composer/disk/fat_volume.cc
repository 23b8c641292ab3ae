// Why not mtools, or the kernel: the kernel may have no vfat; mtools expands wildcards in names,
// converts them by the locale, and needs a process per directory. Filling an empty FAT is this one
// file, and every byte of it comes from the tree.

#include "composer/disk/fat_volume.h"

#include <algorithm>
#include <cerrno>
#include <fmt/format.h>
#include <string>
#include <sys/types.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include "composer/disk/fat_name.h"
#include "composer/error.h"

namespace composer::disk {
namespace {

constexpr std::uint32_t kFirstCluster = 2;
constexpr std::size_t kEntry = 32;
constexpr std::uint64_t kLargestDirectory = 65536 * kEntry;

std::uint32_t get16(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at])) |
         static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at + 1])) << 8;
}
std::uint32_t get32(std::string_view bytes, std::size_t at) {
  return get16(bytes, at) | get16(bytes, at + 2) << 16;
}
void put32(std::string& bytes, std::size_t at, std::uint32_t value) {
  for (std::size_t i = 0; i < 4; ++i) bytes[at + i] = static_cast<char>(value >> (8 * i) & 0xff);
}

[[noreturn]] void not_fat(std::string_view why) {
  throw Error(ErrorKind::build,
              fmt::format("this is no FAT filesystem that can be filled: {}", why));
}

/// One file or directory with its place in the volume.
struct Node {
  const FatSource* source = nullptr;
  FatName name;
  std::vector<Node> children;
  std::uint32_t first_cluster = 0;  ///< Zero when it has none: an empty file, FAT16's root.
  std::uint32_t clusters = 0;
};

class Volume {
 public:
  Volume(int fd, Bytes offset, Bytes size) : fd_(fd), offset_(offset) {
    geometry_ = read_fat_geometry(read({0}, {512}), size);
  }

  const FatGeometry& geometry() const { return geometry_; }

  std::string read(Bytes at, Bytes size) const {
    std::string bytes(size.count, '\0');
    std::size_t done = 0;
    while (done < bytes.size()) {
      const ssize_t n = ::pread(fd_, bytes.data() + done, bytes.size() - done,
                                static_cast<off_t>(offset_.count + at.count + done));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) throw system_error("cannot read the vfat filesystem", errno);
      if (n == 0) throw Error(ErrorKind::build, "the vfat filesystem ends early");
      done += static_cast<std::size_t>(n);
    }
    return bytes;
  }
  void write(Bytes at, std::string_view bytes) const {
    write_all_at(fd_, bytes, offset_.count + at.count, "vfat filesystem");
  }
  Bytes place(std::uint32_t cluster) const {
    return geometry_.data + geometry_.cluster * (cluster - kFirstCluster);
  }

 private:
  int fd_;
  Bytes offset_;
  FatGeometry geometry_;
};

class Filling {
 public:
  Filling(const Volume& volume, int directory, std::int64_t epoch)
      : volume_(volume), directory_(directory), epoch_(epoch) {}

  void fill(const FatSource& tree, std::string_view shown, std::string_view label);

 private:
  Node arrange(const FatSource& source, const std::string& shown, bool top);
  void take_clusters(Node& node, std::uint64_t bytes);
  void write_directory(const Node& node, const std::string& path, std::uint32_t parent) const;
  void write_file(const Node& node, const std::string& path) const;
  void write_tables(const Node& node, std::string& table) const;
  void write_free_count() const;
  std::int64_t time_of(const FatSource& source) const { return std::min(source.modified, epoch_); }

  const Volume& volume_;
  int directory_;
  std::int64_t epoch_;
  std::string volume_label_;  ///< The root directory's first entry, as mkfs.fat made it.
  std::uint64_t next_ = kFirstCluster;
};

void Filling::take_clusters(Node& node, std::uint64_t bytes) {
  const std::uint64_t cluster = volume_.geometry().cluster.count;
  const std::uint64_t count = (bytes + cluster - 1) / cluster;
  if (count > 0) node.first_cluster = static_cast<std::uint32_t>(next_);
  node.clusters = static_cast<std::uint32_t>(count);
  next_ += count;  // 65536 files of 4 GiB are below 2^64 clusters; the caller compares.
}

/// Decides where everything goes: a directory, then what is in it, in the order of the names.
Node Filling::arrange(const FatSource& source, const std::string& shown, bool top) {
  Node node;
  node.source = &source;
  std::vector<std::string> names;
  for (const FatSource& child : source.children) names.push_back(child.name);
  std::vector<FatName> fat = fat_names(names, shown);
  std::uint64_t bytes = top ? volume_label_.size() : 2 * kEntry;
  for (const FatName& name : fat) bytes += name.slots() * kEntry;
  const bool fixed_root = top && !volume_.geometry().fat32;
  const std::uint64_t most = fixed_root ? volume_.geometry().root_size.count : kLargestDirectory;
  if (bytes > most) {
    throw Error(ErrorKind::build,
                fmt::format("'{}' has more files than a directory of vfat can hold", shown));
  }
  if (!fixed_root) take_clusters(node, std::max<std::uint64_t>(bytes, 1));
  for (std::size_t i = 0; i < source.children.size(); ++i) {
    const FatSource& child = source.children[i];
    Node inner;
    if (child.directory) {
      inner = arrange(child, shown + "/" + child.name, false);
    } else {
      inner.source = &child;
      take_clusters(inner, child.size);
    }
    inner.name = std::move(fat[i]);
    node.children.push_back(std::move(inner));
  }
  return node;
}

void Filling::write_directory(const Node& node, const std::string& path,
                              std::uint32_t parent) const {
  const bool top = path.empty();
  std::string entries =
      top ? volume_label_ : fat_dot_entries(node.first_cluster, parent, time_of(*node.source));
  // `..` of a directory in the root says cluster 0, wherever the root is.
  const std::uint32_t own = top ? 0 : node.first_cluster;
  for (const Node& child : node.children) {
    entries += fat_entries(child.name, child.source->directory ? FatKind::directory : FatKind::file,
                           child.first_cluster, static_cast<std::uint32_t>(child.source->size),
                           time_of(*child.source));
    const std::string inner = top ? child.source->name : path + "/" + child.source->name;
    if (child.source->directory) {
      write_directory(child, inner, own);
    } else {
      write_file(child, inner);
    }
  }
  const bool fixed_root = top && !volume_.geometry().fat32;
  volume_.write(fixed_root ? volume_.geometry().root : volume_.place(node.first_cluster), entries);
}

void Filling::write_file(const Node& node, const std::string& path) const {
  const FileDescriptor file = open_fat_source(directory_, path);
  const Bytes start = node.clusters > 0 ? volume_.place(node.first_cluster) : Bytes{0};
  std::string buffer(1 << 18, '\0');
  std::uint64_t done = 0;
  for (;;) {
    const ssize_t n = ::read(file.get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw system_error(fmt::format("cannot read '{}'", path), errno);
    if (n == 0) break;
    const std::string_view bytes(buffer.data(), static_cast<std::size_t>(n));
    if (done + bytes.size() > node.source->size) break;
    // The volume reads as zeros, so zeros are left as the hole that they are.
    if (bytes.find_first_not_of('\0') != std::string_view::npos) {
      volume_.write(start + Bytes{done}, bytes);
    }
    done += bytes.size();
  }
  if (done != node.source->size) {
    throw Error(ErrorKind::build, fmt::format("'{}' changed while it was copied", path));
  }
}

void Filling::write_tables(const Node& node, std::string& table) const {
  const bool fat32 = volume_.geometry().fat32;
  for (std::uint32_t i = 0; i < node.clusters; ++i) {
    const bool last = i + 1 == node.clusters;
    const std::uint32_t cluster = node.first_cluster + i;
    if (fat32) {
      put32(table, std::size_t{cluster} * 4, last ? 0x0fffffff : cluster + 1);
    } else {
      const std::uint32_t next = last ? 0xffff : cluster + 1;
      table[std::size_t{cluster} * 2] = static_cast<char>(next & 0xff);
      table[std::size_t{cluster} * 2 + 1] = static_cast<char>(next >> 8);
    }
  }
  for (const Node& child : node.children) write_tables(child, table);
}

void Filling::write_free_count() const {
  const FatGeometry& geometry = volume_.geometry();
  const auto used = static_cast<std::uint32_t>(next_ - kFirstCluster);
  for (const Bytes at : {geometry.info, geometry.backup_info}) {
    if (at.count == 0) continue;
    std::string info = volume_.read(at, {512});
    if (get32(info, 0) != 0x41615252 || get32(info, 484) != 0x61417272) continue;
    put32(info, 488, geometry.clusters - used);
    put32(info, 492, static_cast<std::uint32_t>(next_ - 1));  // The last one that was taken.
    volume_.write(at, info);
  }
}

void Filling::fill(const FatSource& tree, std::string_view shown, std::string_view label) {
  const FatGeometry& geometry = volume_.geometry();
  const Bytes root = geometry.fat32 ? volume_.place(kFirstCluster) : geometry.root;
  const std::string first = volume_.read(root, {kEntry});
  if (first[0] != '\0') {
    if (first[11] != 0x08) not_fat("it is not empty");
    volume_label_ = first;
  }
  const Node top = arrange(tree, std::string(shown), true);
  const std::uint64_t needed = next_ - kFirstCluster;
  if (needed > geometry.clusters) {
    throw Error(ErrorKind::build,
                fmt::format("the files in '{}' need {}, but the vfat filesystem of partition '{}' "
                            "has room for {}",
                            shown, to_text(geometry.cluster * needed), label,
                            to_text(geometry.cluster * geometry.clusters)),
                fmt::format("make partition '{}' larger", label));
  }

  const Bytes width{geometry.fat32 ? 4u : 2u};
  const Bytes used{round_up(width * next_, {512})};
  std::string table = volume_.read(geometry.fat, used);
  const std::size_t first_free = width.count * (geometry.fat32 ? kFirstCluster + 1 : kFirstCluster);
  if (table.find_first_not_of('\0', first_free) != std::string::npos) not_fat("it is not empty");

  // Tables last: until then the filesystem is an empty one.
  write_directory(top, {}, 0);
  write_tables(top, table);
  for (std::uint32_t copy = 0; copy < geometry.fats; ++copy) {
    volume_.write(geometry.fat + geometry.fat_size * copy, table);
  }
  if (geometry.fat32) write_free_count();
}

}  // namespace

FatGeometry read_fat_geometry(std::string_view boot_sector, Bytes size) {
  if (boot_sector.size() < 512 || get16(boot_sector, 510) != 0xaa55) not_fat("no boot sector");
  const std::uint64_t sector = get16(boot_sector, 11);
  const std::uint64_t per_cluster = static_cast<unsigned char>(boot_sector[13]);
  const std::uint64_t reserved = get16(boot_sector, 14);
  const std::uint32_t fats = static_cast<unsigned char>(boot_sector[16]);
  const std::uint64_t root_entries = get16(boot_sector, 17);
  const std::uint64_t sectors =
      get16(boot_sector, 19) != 0 ? get16(boot_sector, 19) : get32(boot_sector, 32);
  const bool has_fat32_fields = get16(boot_sector, 22) == 0;
  const std::uint64_t fat_sectors =
      has_fat32_fields ? get32(boot_sector, 36) : get16(boot_sector, 22);
  const auto is_power_of_two = [](std::uint64_t n) { return n != 0 && (n & (n - 1)) == 0; };
  if (!is_power_of_two(sector) || sector < 512 || sector > 4096 || !is_power_of_two(per_cluster) ||
      reserved == 0 || fats == 0 || fats > 2 || fat_sectors == 0) {
    not_fat("its boot sector makes no sense");
  }
  const std::uint64_t root_sectors = (root_entries * kEntry + sector - 1) / sector;
  const std::uint64_t before_data = reserved + fats * fat_sectors + root_sectors;
  if (sectors * sector > size.count || sectors <= before_data)
    not_fat("it is larger than its place");

  FatGeometry geometry;
  const std::uint64_t clusters = (sectors - before_data) / per_cluster;
  geometry.fat32 = clusters >= 65525;
  if (clusters < 4085) not_fat("it is FAT12");
  if (clusters > 0x0ffffff5) not_fat("it has too many clusters");
  if (geometry.fat32 != has_fat32_fields) not_fat("its size and its kind do not agree");
  geometry.clusters = static_cast<std::uint32_t>(clusters);
  geometry.cluster = {sector * per_cluster};
  geometry.fat = {reserved * sector};
  geometry.fat_size = {fat_sectors * sector};
  geometry.fats = fats;
  if ((clusters + kFirstCluster) * (geometry.fat32 ? 4 : 2) > geometry.fat_size.count) {
    not_fat("its tables are too short");
  }
  geometry.data = {before_data * sector};
  if (!geometry.fat32) {
    geometry.root = {(reserved + fats * fat_sectors) * sector};
    geometry.root_size = {root_entries * kEntry};
    if (root_entries == 0) not_fat("it has no root directory");
    return geometry;
  }
  if (get32(boot_sector, 44) != kFirstCluster) not_fat("its root directory is not at cluster 2");
  const std::uint64_t info = get16(boot_sector, 48);
  const std::uint64_t backup = get16(boot_sector, 50);
  if (info != 0 && info < reserved) geometry.info = {info * sector};
  if (info != 0 && backup != 0 && backup + info < reserved) {
    geometry.backup_info = {(backup + info) * sector};
  }
  return geometry;
}

void fill_fat(int volume, Bytes offset, Bytes size, int directory, const FatSource& tree,
              std::int64_t source_date_epoch, std::string_view shown, std::string_view label) {
  const Volume opened(volume, offset, size);
  Filling(opened, directory, source_date_epoch).fill(tree, shown, label);
}

}  // namespace composer::disk
