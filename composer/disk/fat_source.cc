#include "composer/disk/fat_source.h"

#include <algorithm>
#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <limits>
#include <linux/openat2.h>
#include <memory>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "composer/disk/fat_name.h"
#include "composer/error.h"

namespace composer::disk {
namespace {

constexpr int kDeepest = 32;
constexpr std::size_t kMostFiles = 65536;

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

FileDescriptor open_beneath(int directory, const std::string& path, int flags) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC | O_NOFOLLOW);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
  return FileDescriptor(
      static_cast<int>(::syscall(SYS_openat2, directory, path.c_str(), &how, sizeof how)));
}

std::vector<std::string> sorted_names(int directory, std::string_view shown) {
  // Opened anew, since a position is shared by duplicates; duplicated, since fdopendir takes it.
  const FileDescriptor own = open_beneath(directory, ".", O_RDONLY | O_DIRECTORY);
  if (!own) throw system_error(fmt::format("cannot open '{}'", shown), errno);
  const int duplicate = ::fcntl(own.get(), F_DUPFD_CLOEXEC, 0);
  const std::unique_ptr<DIR, CloseDirectory> stream(duplicate < 0 ? nullptr
                                                                  : ::fdopendir(duplicate));
  if (!stream) throw system_error(fmt::format("cannot read '{}'", shown), errno);
  std::vector<std::string> names;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(stream.get());
    if (!entry) break;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
    if (names.size() > kMostFiles) {
      throw Error(ErrorKind::build, fmt::format("'{}' has more than {} files", shown, kMostFiles));
    }
  }
  if (errno != 0) throw system_error(fmt::format("cannot read '{}'", shown), errno);
  std::sort(names.begin(), names.end());
  return names;
}

std::string_view kind_of(mode_t mode) {
  if (S_ISLNK(mode)) return "a symbolic link";
  if (S_ISFIFO(mode)) return "a fifo";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

void scan(int directory, const std::string& shown, int depth, std::size_t& files, FatSource& into) {
  if (depth > kDeepest) {
    throw Error(ErrorKind::build,
                fmt::format("'{}' is nested deeper than {} directories", shown, kDeepest));
  }
  for (const std::string& name : sorted_names(directory, shown)) {
    const std::string path = shown + "/" + name;
    if (++files > kMostFiles) {
      throw Error(ErrorKind::build,
                  fmt::format("a vfat filesystem of more than {} files is not made", kMostFiles));
    }
    if (const std::string problem = fat_name_problem(name); !problem.empty()) {
      throw Error(ErrorKind::build,
                  fmt::format("'{}' cannot be in a vfat filesystem: its name {}", path, problem));
    }
    struct stat status {};
    if (::fstatat(directory, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
      throw system_error(fmt::format("cannot look at '{}'", path), errno);
    }
    FatSource child;
    child.name = name;
    child.modified = status.st_mtim.tv_sec;
    if (S_ISDIR(status.st_mode)) {
      child.directory = true;
      const FileDescriptor inner = open_beneath(directory, name, O_RDONLY | O_DIRECTORY);
      if (!inner) throw system_error(fmt::format("cannot open '{}'", path), errno);
      scan(inner.get(), path, depth + 1, files, child);
    } else if (S_ISREG(status.st_mode)) {
      child.size = static_cast<std::uint64_t>(status.st_size);
      if (child.size > std::numeric_limits<std::uint32_t>::max()) {
        throw Error(
            ErrorKind::build,
            fmt::format("'{}' cannot be in a vfat filesystem: it is larger than 4 GiB", path));
      }
    } else {
      throw Error(ErrorKind::build, fmt::format("'{}' cannot be in a vfat filesystem: it is {}",
                                                path, kind_of(status.st_mode)));
    }
    into.children.push_back(std::move(child));
  }
}

void remove_children(int directory, const FatSource& tree, const std::string& shown) {
  for (const FatSource& child : tree.children) {
    const std::string path = shown + "/" + child.name;
    if (child.directory) {
      const FileDescriptor inner = open_beneath(directory, child.name, O_RDONLY | O_DIRECTORY);
      if (!inner) throw system_error(fmt::format("cannot open '{}'", path), errno);
      remove_children(inner.get(), child, path);
    }
    if (::unlinkat(directory, child.name.c_str(), child.directory ? AT_REMOVEDIR : 0) != 0) {
      throw system_error(fmt::format("cannot remove '{}'", path), errno);
    }
  }
}

}  // namespace

FatSource scan_fat_source(int directory, std::string_view shown) {
  struct stat status {};
  if (::fstat(directory, &status) != 0) {
    throw system_error(fmt::format("cannot look at '{}'", shown), errno);
  }
  FatSource top;
  top.directory = true;
  top.modified = status.st_mtim.tv_sec;
  std::size_t files = 0;
  scan(directory, std::string(shown), 0, files, top);
  return top;
}

FileDescriptor open_fat_source(int directory, const std::string& path) {
  FileDescriptor fd = open_beneath(directory, path, O_RDONLY | O_NONBLOCK);
  if (!fd) throw system_error(fmt::format("cannot open '{}'", path), errno);
  return fd;
}

void remove_fat_source(int directory, const FatSource& tree, std::string_view shown) {
  remove_children(directory, tree, std::string(shown));
  if (!sorted_names(directory, shown).empty()) {
    throw Error(ErrorKind::build, fmt::format("'{}' did not become empty", shown));
  }
}

}  // namespace composer::disk
