#include "composer/image/cpio_archive.h"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <sys/sysmacros.h>

#include "composer/base/newc.h"
#include "composer/error.h"
#include "composer/image/extents.h"

namespace composer::image {
namespace {

constexpr std::size_t kReadSize = 256 << 10;
constexpr std::uint32_t kLinkMode = S_IFLNK | 0777;

class CpioWriter final : public TreeVisitor {
 public:
  explicit CpioWriter(const std::function<void(std::string_view)>& sink) : sink_(sink) {}

  void enter(const TreeEntry& entry) override {
    if (entry.path == "init") has_init_ = true;
    if (entry.path == "sbin" || entry.path == "sbin/init") has_sbin_ = true;
    root_time_ = std::max<std::int64_t>(root_time_, entry.path.empty() ? entry.status.st_mtime : 0);
    for (const Attribute& attribute : entry.attributes) {
      if (attribute.name == "security.capability") ++losses_.capabilities;
    }
    NewcHeader header{.inode = inode_of(entry),
                      .mode = entry.status.st_mode,
                      .uid = entry.status.st_uid,
                      .gid = entry.status.st_gid,
                      .links = links_of(entry),
                      .time = entry.status.st_mtim.tv_sec};
    const std::string name = entry.path.empty() ? "." : entry.path;
    if (entry.is(S_IFCHR) || entry.is(S_IFBLK)) {
      header.device_major = major(entry.status.st_rdev);
      header.device_minor = minor(entry.status.st_rdev);
    }
    if (entry.is(S_IFLNK)) {
      header.size = entry.link_target.size();
      sink_(newc_entry(name, header));
      write_padded(entry.link_target);
    } else if (entry.content >= 0) {
      header.size = entry.size();
      sink_(newc_entry(name, header));
      write_content(entry);
    } else {
      // A further name of a file: the first one has the content.
      sink_(newc_entry(name, header));
    }
  }

  CpioLosses finish() {
    if (!has_init_) {
      if (!has_sbin_) {
        throw Error(ErrorKind::build, "the image has neither '/init' nor '/sbin/init' to start",
                    "add systemd, or a file '/init'");
      }
      const std::string target = "sbin/init";
      sink_(newc_entry(
          "init",
          {.inode = ++inodes_, .mode = kLinkMode, .time = root_time_, .size = target.size()}));
      write_padded(target);
    }
    sink_(newc_entry(kNewcTrailer, {}));
    return losses_;
  }

 private:
  /// Numbers of its own: those of the build's filesystem would differ each time.
  std::uint32_t inode_of(const TreeEntry& entry) {
    if (!entry.hard_link.empty()) return first_names_.at(entry.hard_link);
    ++inodes_;
    if (!entry.is(S_IFDIR) && entry.status.st_nlink > 1) first_names_[entry.path] = inodes_;
    return inodes_;
  }

  static std::uint32_t links_of(const TreeEntry& entry) {
    if (entry.is(S_IFDIR)) return 2;
    // The kernel and cpio look only whether it is more than one.
    return entry.status.st_nlink > 1 ? 2 : 1;
  }

  void write_padded(std::string_view bytes) {
    sink_(bytes);
    sink_(newc_padding(bytes.size()));
  }

  void write_content(const TreeEntry& entry) {
    const RawDisk file{entry.content, entry.size(), "/" + entry.path};
    std::string buffer(std::min<std::uint64_t>(file.size, kReadSize), '\0');
    for (std::uint64_t at = 0; at < file.size;) {
      const std::size_t n = std::min<std::uint64_t>(buffer.size(), file.size - at);
      read_exactly(file, at, buffer.data(), n);
      sink_(std::string_view(buffer).substr(0, n));
      at += n;
    }
    sink_(newc_padding(file.size));
  }

  const std::function<void(std::string_view)>& sink_;
  CpioLosses losses_;
  std::uint32_t inodes_ = 0;
  std::map<std::string, std::uint32_t, std::less<>> first_names_;  ///< Of files with several.
  bool has_init_ = false, has_sbin_ = false;
  std::int64_t root_time_ = 0;
};

}  // namespace

CpioLosses write_cpio(int root, const TreeWalk& walk,
                      const std::function<void(std::string_view)>& sink) {
  CpioWriter writer(sink);
  walk_tree(root, walk, writer);
  return writer.finish();
}

}  // namespace composer::image
