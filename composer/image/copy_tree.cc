#include "composer/image/copy_tree.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <string>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "composer/base/file_descriptor.h"
#include "composer/error.h"
#include "composer/image/extents.h"

namespace composer::image {
namespace {

/// Source: the kernel's Documentation/admin-guide/devices.txt.
bool is_harmless_device(const struct stat& status) {
  if (!S_ISCHR(status.st_mode)) return false;
  const unsigned number = minor(status.st_rdev);
  if (major(status.st_rdev) == 1) {  // null, zero, full, random, urandom
    return number == 3 || number == 5 || number == 7 || number == 8 || number == 9;
  }
  return major(status.st_rdev) == 5 && (number == 0 || number == 2);  // tty, ptmx
}

class Copier final : public TreeVisitor {
 public:
  explicit Copier(int target) : target_(target) {}

  void enter(const TreeEntry& entry) override {
    if (entry.is(S_IFDIR)) return enter_directory(entry);
    if (!entry.hard_link.empty()) {
      expect(::linkat(target_, entry.hard_link.c_str(), here(), entry.name.c_str(), 0), entry);
      return;
    }
    if (entry.is(S_IFREG)) return copy_file(entry);
    if (entry.is(S_IFLNK)) {
      expect(::symlinkat(entry.link_target.c_str(), here(), entry.name.c_str()), entry);
    } else {
      make_node(entry);
    }
    finish(entry, AT_SYMLINK_NOFOLLOW);
  }

  void leave(const TreeEntry& entry) override {
    // Last: everything that is made in a directory changes its time.
    open_.pop_back();
    finish(entry, entry.path.empty() ? 0 : AT_SYMLINK_NOFOLLOW);
  }

  Bytes copied() const { return copied_; }

 private:
  /// The directory that entries are made in now.
  int here() const { return open_.empty() ? target_ : open_.back().get(); }

  void enter_directory(const TreeEntry& entry) {
    // Closed to others until all that is in it has its owner and mode.
    if (!entry.path.empty()) expect(::mkdirat(here(), entry.name.c_str(), 0700), entry);
    FileDescriptor made(
        ::openat(here(), entry.name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    expect(made ? 0 : -1, entry);
    open_.push_back(std::move(made));
  }

  void make_node(const TreeEntry& entry) {
    const struct stat& status = entry.status;
    if (!entry.is(S_IFIFO) && !is_harmless_device(status)) {
      throw Error(ErrorKind::build,
                  fmt::format("the image holds the device node '/{}' ({} {}:{}), which in a "
                              "directory would lead to a device of this machine",
                              entry.path, S_ISBLK(status.st_mode) ? "block" : "character",
                              major(status.st_rdev), minor(status.st_rdev)),
                  "leave out the package that brings it, or write 'format: tar'");
    }
    expect(::mknodat(here(), entry.name.c_str(), (status.st_mode & S_IFMT) | 0600, status.st_rdev),
           entry);
  }

  void copy_file(const TreeEntry& entry) {
    const FileDescriptor file(::openat(here(), entry.name.c_str(),
                                       O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    expect(file ? 0 : -1, entry);
    expect(::ftruncate(file.get(), entry.status.st_size), entry);
    const RawDisk source{entry.content, entry.size(), "/" + entry.path};
    buffer_.resize(std::clamp<std::uint64_t>(source.size, buffer_.size(), 256 << 10));
    for (std::uint64_t at = 0; const auto extent = next_data(source, at);) {
      for (at = extent->start; at < extent->end();) {
        const std::size_t n = std::min<std::uint64_t>(buffer_.size(), extent->end() - at);
        read_exactly(source, at, buffer_.data(), n);
        write_all_at(file.get(), {buffer_.data(), n}, at, "/" + entry.path);
        at += n;
      }
    }
    copied_ += Bytes{source.size};
    finish(entry, AT_SYMLINK_NOFOLLOW);
  }

  /// Owner first: changing it takes capabilities and set-id bits away.
  void finish(const TreeEntry& entry, int flags) const {
    const char* name = entry.name.c_str();
    expect(::fchownat(here(), name, entry.status.st_uid, entry.status.st_gid, flags), entry);
    if (!entry.is(S_IFLNK)) {
      expect(::fchmodat(here(), name, entry.status.st_mode & 07777, 0), entry);
    }
    const std::string file = fmt::format("/proc/self/fd/{}/{}", here(), name);
    for (const Attribute& attribute : entry.attributes) {
      expect(::lsetxattr(file.c_str(), attribute.name.c_str(), attribute.value.data(),
                         attribute.value.size(), 0),
             entry);
    }
    const timespec times[2] = {entry.status.st_mtim, entry.status.st_mtim};
    expect(::utimensat(here(), name, times, flags), entry);
  }

  static void expect(int result, const TreeEntry& entry) {
    if (result == 0) return;
    throw system_error(fmt::format("cannot copy '/{}' of the image", entry.path), errno);
  }

  int target_;
  std::vector<FileDescriptor> open_;
  std::string buffer_;
  Bytes copied_;
};

}  // namespace

Bytes copy_tree(int root, const TreeWalk& walk, int target) {
  Copier copier(target);
  walk_tree(root, walk, copier);
  return copier.copied();
}

}  // namespace composer::image
