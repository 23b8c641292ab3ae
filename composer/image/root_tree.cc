#include "composer/image/root_tree.h"

#include <algorithm>
#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <map>
#include <memory>
#include <sys/xattr.h>
#include <unistd.h>

#include "composer/base/file_descriptor.h"
#include "composer/error.h"
#include "composer/host/interrupt.h"

namespace composer::image {
namespace {

constexpr int kDeepest = 256;  ///< Levels; each holds a descriptor, of which there are often 1024.

[[noreturn]] void fail(std::string_view action, const std::string& path) {
  throw system_error(fmt::format("cannot {} '/{}' of the image", action, path), errno);
}

struct Name {
  std::string text;
  struct stat status {};

  /// What it is sorted by: `a-b` comes before the directory `a`, as `a-b` comes before `a/b`.
  std::string key() const { return S_ISDIR(status.st_mode) ? text + "/" : text; }
};

std::vector<Name> names_in(int directory, const std::string& path) {
  const int listing_fd = ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (listing_fd < 0) fail("read", path);
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(::fdopendir(listing_fd), &::closedir);
  if (!listing) {
    ::close(listing_fd);
    fail("read", path);
  }
  std::vector<Name> names;
  for (errno = 0; const dirent* entry = ::readdir(listing.get()); errno = 0) {
    Name name{entry->d_name, {}};
    if (name.text == "." || name.text == "..") continue;
    if (::fstatat(directory, name.text.c_str(), &name.status, AT_SYMLINK_NOFOLLOW) != 0) {
      fail("look at", path + "/" + name.text);
    }
    names.push_back(std::move(name));
  }
  if (errno != 0) fail("read", path);
  std::sort(names.begin(), names.end(),
            [](const Name& a, const Name& b) { return a.key() < b.key(); });
  return names;
}

/// Those that are the file's own; what a filesystem keeps for itself (`trusted.overlay.…`,
/// `btrfs.…`) is none of them.
bool travels(std::string_view attribute) {
  return attribute.starts_with("security.") || attribute.starts_with("user.") ||
         attribute.starts_with("system.posix_acl_");
}

std::vector<Attribute> attributes_of(int parent, const std::string& name, const std::string& path) {
  // By this name it is the entry itself, a link too, whatever the path to it.
  const std::string file = fmt::format("/proc/self/fd/{}/{}", parent, name);
  const ssize_t length = ::llistxattr(file.c_str(), nullptr, 0);
  if (length < 0 && errno != EOPNOTSUPP) fail("read the attributes of", path);
  if (length <= 0) return {};
  // XATTR_LIST_MAX is 64 KiB, and so is XATTR_SIZE_MAX.
  std::string list(65536, '\0'), value(65536, '\0');
  const ssize_t listed = ::llistxattr(file.c_str(), list.data(), list.size());
  if (listed < 0) fail("read the attributes of", path);
  std::vector<Attribute> attributes;
  for (std::string_view rest(list.data(), static_cast<std::size_t>(listed)); !rest.empty();) {
    const std::string attribute(rest.substr(0, rest.find('\0')));
    rest.remove_prefix(std::min(attribute.size() + 1, rest.size()));
    if (!travels(attribute)) continue;
    const ssize_t size = ::lgetxattr(file.c_str(), attribute.c_str(), value.data(), value.size());
    if (size < 0) fail("read the attributes of", path);
    attributes.push_back({attribute, value.substr(0, static_cast<std::size_t>(size))});
  }
  std::sort(attributes.begin(), attributes.end(),
            [](const Attribute& a, const Attribute& b) { return a.name < b.name; });
  return attributes;
}

std::string target_of(int parent, const std::string& name, const std::string& path) {
  std::string target(4096, '\0');  // PATH_MAX; the kernel makes no longer one.
  const ssize_t length = ::readlinkat(parent, name.c_str(), target.data(), target.size());
  if (length < 0) fail("read", path);
  target.resize(static_cast<std::size_t>(length));
  return target;
}

class Walker {
 public:
  Walker(const TreeWalk& walk, TreeVisitor& visitor) : walk_(walk), visitor_(visitor) {}

  void visit_root(int root) {
    TreeEntry entry = described(root, ".", "");
    if (::fstatat(root, ".", &entry.status, 0) != 0) fail("look at", "");
    clamp(entry);
    visitor_.enter(entry);
    visit_content(root, "", 0);
    visitor_.leave(entry);
  }

 private:
  void visit_content(int directory, const std::string& path, int depth) {
    if (depth > kDeepest) {
      throw Error(ErrorKind::build, fmt::format("'/{}' of the image has too many levels", path));
    }
    for (Name& name : names_in(directory, path)) {
      host::throw_if_interrupted();
      const std::string child = path.empty() ? name.text : path + "/" + name.text;
      if (walk_.left_out.contains(child) || S_ISSOCK(name.status.st_mode)) continue;
      TreeEntry entry = described(directory, name.text, child);
      entry.status = name.status;
      clamp(entry);
      if (entry.is(S_IFDIR)) {
        visit_directory(entry, depth);
      } else {
        visit_file(entry);
      }
    }
  }

  void visit_directory(const TreeEntry& entry, int depth) {
    const FileDescriptor directory(::openat(entry.parent, entry.name.c_str(),
                                            O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!directory) fail("open", entry.path);
    visitor_.enter(entry);
    visit_content(directory.get(), entry.path, depth + 1);
    visitor_.leave(entry);
  }

  void visit_file(TreeEntry& entry) {
    if (entry.status.st_nlink > 1) {
      const auto [first, added] =
          names_.try_emplace({entry.status.st_dev, entry.status.st_ino}, entry.path);
      if (!added) entry.hard_link = first->second;
    }
    if (entry.is(S_IFLNK)) entry.link_target = target_of(entry.parent, entry.name, entry.path);
    FileDescriptor content;
    if (entry.is(S_IFREG) && entry.hard_link.empty()) {
      content = FileDescriptor(::openat(entry.parent, entry.name.c_str(),
                                        O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
      if (!content) fail("open", entry.path);
      entry.content = content.get();
    }
    visitor_.enter(entry);
  }

  TreeEntry described(int parent, const std::string& name, const std::string& path) const {
    TreeEntry entry;
    entry.parent = parent;
    entry.name = name;
    entry.path = path;
    entry.attributes = attributes_of(parent, name, path);
    std::erase_if(entry.attributes, [&](const Attribute& attribute) {
      const auto& left_out = walk_.left_out_attributes;
      return std::find(left_out.begin(), left_out.end(), attribute.name) != left_out.end();
    });
    return entry;
  }

  void clamp(TreeEntry& entry) const {
    timespec& time = entry.status.st_mtim;
    time = {std::min<time_t>(time.tv_sec, static_cast<time_t>(walk_.source_date_epoch)), 0};
  }

  const TreeWalk& walk_;
  TreeVisitor& visitor_;
  std::map<std::pair<dev_t, ino_t>, std::string> names_;  ///< First names of files with several.
};

}  // namespace

void walk_tree(int root, const TreeWalk& walk, TreeVisitor& visitor) {
  Walker(walk, visitor).visit_root(root);
}

}  // namespace composer::image
