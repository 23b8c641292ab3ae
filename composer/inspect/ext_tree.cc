#include "composer/inspect/ext_tree.h"

#include <algorithm>
#include <cstring>
#include <exception>
#include <fmt/format.h>
#include <list>
#include <map>
#include <sys/stat.h>

// Has no extern "C" of its own (1.47).
extern "C" {
#include <et/com_err.h>
}

#include "composer/base/handle.h"
#include "composer/error.h"
#include "composer/inspect/byte_order.h"
#include "composer/inspect/ext_channel.h"

namespace composer::inspect {
namespace {

/// Linux's limit on a link's target; ext4 keeps it in one block.
constexpr std::size_t kMostTarget = 65536;
/// Of all of an inode's extended attributes; each may be an inode of its own (ea_inode) of at most
/// 64 KiB.
constexpr std::size_t kMostAttributes = 4 << 20;
/// Directories whose names are kept at hand, and the names of all of them.
constexpr std::size_t kDirectoriesAtHand = 4096, kNamesAtHand = 2'000'000;
/// What libext2fs holds of group descriptors: 64 bytes for each 128 MiB of a usual filesystem.
constexpr std::uint64_t kMostDescriptors = 64 << 20;

void close_filesystem(ext2_filsys filesystem) {
  ext2fs_close_free(&filesystem);
}
void close_file(ext2_file_t file) {
  ext2fs_file_close(file);
}
void close_attributes(ext2_xattr_handle* attributes) {
  ext2fs_xattrs_close(&attributes);
}

using Filesystem = Handle<struct_ext2_filsys, close_filesystem>;
using File = Handle<ext2_file, close_file>;
using Attributes = Handle<ext2_xattr_handle, close_attributes>;

using Names = std::map<std::string, ext2_ino_t, std::less<>>;

/// The numbers by which libext2fs takes memory before it has read anything else.
void check_superblock(const BlockSource& volume) {
  const auto refuse = [](std::string_view why) {
    throw Error(ErrorKind::build, fmt::format("the ext4 superblock is not possible: {}", why));
  };
  if (volume.size().count < 2048) refuse("the volume is smaller than 2 KiB");
  const std::string block = read_text(volume, 1024, 1024);
  if (little_endian<std::uint16_t>(block, 56) != 0xef53) refuse("there is no magic number");
  const auto block_log = little_endian<std::uint32_t>(block, 24);
  if (block_log > 6) refuse("its blocks are larger than 64 KiB");
  const bool is_64bit = (little_endian<std::uint32_t>(block, 96) & 0x80) != 0;
  const std::uint64_t blocks =
      little_endian<std::uint32_t>(block, 4) |
      (is_64bit ? std::uint64_t{little_endian<std::uint32_t>(block, 336)} << 32 : 0);
  const auto per_group = little_endian<std::uint32_t>(block, 32);
  if (blocks == 0 || blocks > volume.size().count >> (10 + block_log)) {
    refuse("the filesystem is larger than its volume");
  }
  if (per_group < 8) refuse("its groups have no blocks");
  const std::uint64_t descriptor =
      std::max<std::uint64_t>(32, is_64bit ? little_endian<std::uint16_t>(block, 254) : 32);
  if ((blocks / per_group + 1) * descriptor > kMostDescriptors) refuse("it has too many groups");
}

FileKind to_kind(std::uint16_t mode) {
  switch (mode & S_IFMT) {
    case S_IFREG:
      return FileKind::regular;
    case S_IFDIR:
      return FileKind::directory;
    case S_IFLNK:
      return FileKind::symlink;
    case S_IFCHR:
      return FileKind::character_device;
    case S_IFBLK:
      return FileKind::block_device;
    case S_IFIFO:
      return FileKind::fifo;
    case S_IFSOCK:
      return FileKind::socket;
    default:
      return FileKind::other;
  }
}

class ExtTree final : public FileTree {
 public:
  explicit ExtTree(std::unique_ptr<BlockSource> source) : source_(std::move(source)) {
    check_superblock(*source_);
    volume_.source = source_.get();
    ext2_filsys opened = nullptr;
    const errcode_t failed = ext2fs_open2(ext_volume_name(volume_).c_str(), nullptr,
                                          EXT2_FLAG_64BITS, 0, 0, ext_volume_manager(), &opened);
    filesystem_ = Filesystem(opened);
    check(failed, "open the filesystem");
  }

  Node root() const override { return EXT2_ROOT_INO; }

  std::optional<Node> find(Node directory, std::string_view name) const override {
    const Names& names = names_of(number(directory));
    const auto found = names.find(name);
    return found == names.end() ? std::nullopt : std::optional<Node>(found->second);
  }

  FileStatus status(Node node) const override {
    const ext2_inode_large& inode = inode_of(number(node));
    FileStatus status;
    status.kind = to_kind(inode.i_mode);
    status.mode = inode.i_mode & 07777U;
    status.uid = inode_uid(inode);
    status.gid = inode_gid(inode);
    status.size = EXT2_I_SIZE(&inode);
    if (status.kind == FileKind::character_device || status.kind == FileKind::block_device) {
      // As Linux reads it: 8 and 8 bits, else 12 and 20 bits.
      const std::uint32_t old = inode.i_block[0], large = inode.i_block[1];
      status.device_major = old != 0 ? old >> 8 & 0xff : large >> 8 & 0xfff;
      status.device_minor = old != 0 ? old & 0xff : (large & 0xff) | (large >> 12 & 0xfff00);
    }
    return status;
  }

  std::vector<std::string> names(Node directory) const override {
    std::vector<std::string> found;
    for (const auto& [name, node] : names_of(number(directory))) found.push_back(name);
    return found;
  }

  std::string target(Node link) const override {
    ext2_inode_large inode = inode_of(number(link));
    const std::uint64_t size = EXT2_I_SIZE(&inode);
    if (size == 0 || size > kMostTarget) fail("read a link", "its size is not possible");
    auto* plain = reinterpret_cast<ext2_inode*>(&inode);
    if (ext2fs_is_fast_symlink(plain) != 0) {
      if (size > sizeof inode.i_block) fail("read a link", "its size is not possible");
      return cut(std::string(reinterpret_cast<const char*>(inode.i_block), size));
    }
    return cut(read(link, 0, size));
  }

  std::string read(Node node, std::uint64_t offset, std::size_t most) const override {
    const ext2_inode_large& inode = inode_of(number(node));
    if ((inode.i_flags & EXT4_ENCRYPT_FL) != 0) fail("read a file", "it is encrypted");
    const std::uint64_t size = EXT2_I_SIZE(&inode);
    if (offset >= size) return {};
    ext2_file_t opened = nullptr;
    check(ext2fs_file_open(filesystem_.get(), number(node), 0, &opened), "open a file");
    const File file(opened);
    check(ext2fs_file_llseek(file.get(), offset, EXT2_SEEK_SET, nullptr), "read a file");
    std::string content(std::min<std::uint64_t>(most, size - offset), '\0');
    std::size_t done = 0;
    while (done < content.size()) {
      const auto wanted =
          static_cast<unsigned>(std::min<std::size_t>(content.size() - done, 1U << 30));
      unsigned got = 0;
      check(ext2fs_file_read(file.get(), content.data() + done, wanted, &got), "read a file");
      if (got == 0) fail("read a file", "it ends before its size");
      done += got;
    }
    return content;
  }

  ExtendedAttributes xattrs(Node node) const override {
    ext2_xattr_handle* opened = nullptr;
    check(ext2fs_xattrs_open(filesystem_.get(), number(node), &opened), "read attributes");
    const Attributes attributes(opened);
    check(ext2fs_xattrs_read(attributes.get()), "read attributes");
    struct Found {
      ExtendedAttributes all;
      std::size_t size = 0;
    } found;
    const auto keep = [](char* name, char* value, size_t length, void* into) -> int {
      auto& to = *static_cast<Found*>(into);
      to.size += length;
      if (to.size > kMostAttributes) return XATTR_ABORT;
      // Inline data is how a small file is stored, not an attribute of it.
      if (std::string_view(name) != "system.data") to.all[name] = std::string(value, length);
      return 0;
    };
    check(ext2fs_xattrs_iterate(attributes.get(), keep, &found), "read attributes");
    if (found.size > kMostAttributes) fail("read attributes", "they are larger than 4 MiB");
    return std::move(found.all);
  }

 private:
  [[noreturn]] void fail(std::string_view what, std::string_view why) const {
    throw Error(ErrorKind::build, fmt::format("cannot {} of the ext4 filesystem: {}", what, why));
  }

  void check(errcode_t failed, std::string_view what) const {
    volume_.rethrow();
    if (failed == 0) return;
    initialize_ext2_error_table();
    const char* why = error_message(failed);
    throw Error(ErrorKind::build,
                fmt::format("cannot {} (ext4): {}", what, why ? why : "unknown error"));
  }

  ext2_ino_t number(Node node) const {
    if (node == 0 || node > filesystem_->super->s_inodes_count) {
      fail("read a file", "there is no such inode");
    }
    return static_cast<ext2_ino_t>(node);
  }

  const ext2_inode_large& inode_of(ext2_ino_t number) const {
    if (number != inode_number_) {
      inode_number_ = 0;
      std::memset(&inode_, 0, sizeof inode_);
      check(ext2fs_read_inode_full(filesystem_.get(), number,
                                   reinterpret_cast<ext2_inode*>(&inode_), sizeof inode_),
            "read an inode");
      inode_number_ = number;
    }
    return inode_;
  }

  /// A target ends at its first zero.
  static std::string cut(std::string target) {
    target.resize(std::min(target.find('\0'), target.size()));
    return target;
  }

  const Names& names_of(ext2_ino_t directory) const {
    const auto known = directories_.find(directory);
    if (known != directories_.end()) return known->second;
    struct Listing {
      Names names;
      bool too_many = false;
      std::exception_ptr failure;
    } listing;
    const auto keep = [](ext2_ino_t, int, ext2_dir_entry* entry, int, int, char*,
                         void* into) -> int {
      auto& to = *static_cast<Listing*>(into);
      try {
        const auto length = static_cast<std::size_t>(ext2fs_dirent_name_len(entry));
        const std::string_view name(entry->name, length);
        if (entry->inode == 0 || !is_file_name(name)) return 0;
        if (to.names.size() >= kMostNames) {
          to.too_many = true;
          return DIRENT_ABORT;
        }
        to.names.emplace(name, entry->inode);
      } catch (...) {
        to.failure = std::current_exception();
        return DIRENT_ABORT;
      }
      return 0;
    };
    check(ext2fs_dir_iterate2(filesystem_.get(), directory, 0, nullptr, keep, &listing),
          "list a directory");
    if (listing.failure) std::rethrow_exception(listing.failure);
    if (listing.too_many) fail("list a directory", "it has more than a million names");
    names_at_hand_ += listing.names.size();
    if (directories_.size() >= kDirectoriesAtHand || names_at_hand_ > kNamesAtHand) {
      directories_.clear();
      names_at_hand_ = listing.names.size();
    }
    return directories_.emplace(directory, std::move(listing.names)).first->second;
  }

  std::unique_ptr<BlockSource> source_;
  mutable ExtVolume volume_;
  Filesystem filesystem_;
  mutable std::map<ext2_ino_t, Names> directories_;
  mutable std::size_t names_at_hand_ = 0;
  mutable ext2_ino_t inode_number_ = 0;
  mutable ext2_inode_large inode_{};
};

}  // namespace

std::unique_ptr<FileTree> open_ext(std::unique_ptr<BlockSource> volume) {
  return std::make_unique<ExtTree>(std::move(volume));
}

}  // namespace composer::inspect
