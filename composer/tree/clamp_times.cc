#include "composer/tree/clamp_times.h"

#include <algorithm>
#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <memory>
#include <string>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <vector>

#include "composer/base/file_descriptor.h"
#include "composer/error.h"

namespace composer::tree {
namespace {

constexpr int kDeepest = 256;  ///< Levels; each holds a descriptor, of which there are often 1024.

bool later(const timespec& time, std::int64_t epoch) {
  return time.tv_sec > epoch || (time.tv_sec == epoch && time.tv_nsec > 0);
}

void clamp_one(int directory, const char* name, const struct stat& status, std::int64_t epoch,
               const std::string& path) {
  if (!later(status.st_atim, epoch) && !later(status.st_mtim, epoch)) return;
  const auto clamped = [&](const timespec& time) {
    return later(time, epoch) ? timespec{static_cast<time_t>(epoch), 0} : time;
  };
  const timespec times[2] = {clamped(status.st_atim), clamped(status.st_mtim)};
  if (::utimensat(directory, name, times, AT_SYMLINK_NOFOLLOW) != 0) {
    throw system_error(fmt::format("cannot set the times of '{}'", path), errno);
  }
}

bool is_pseudo(int directory) {
  struct statfs filesystem {};
  if (::fstatfs(directory, &filesystem) != 0) return true;
  const auto type = static_cast<unsigned long>(filesystem.f_type);
  return type == PROC_SUPER_MAGIC || type == SYSFS_MAGIC || type == CGROUP2_SUPER_MAGIC ||
         type == DEVPTS_SUPER_MAGIC;
}

void walk(FileDescriptor directory, std::int64_t epoch, const std::string& path, int depth) {
  if (depth > kDeepest) {
    throw Error(ErrorKind::build, fmt::format("'{}' has too many levels", path));
  }
  const int listing_fd = ::fcntl(directory.get(), F_DUPFD_CLOEXEC, 0);
  if (listing_fd < 0) throw system_error(fmt::format("cannot read '{}'", path), errno);
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(::fdopendir(listing_fd), &::closedir);
  if (!listing) {
    const int problem = errno;
    ::close(listing_fd);
    throw system_error(fmt::format("cannot read '{}'", path), problem);
  }
  std::vector<std::string> folders;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(listing.get());
    if (!entry) {
      if (errno != 0) throw system_error(fmt::format("cannot read '{}'", path), errno);
      break;
    }
    const std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    struct stat status {};
    const std::string child = fmt::format("{}/{}", path, name);
    if (::fstatat(directory.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
      throw system_error(fmt::format("cannot look at '{}'", child), errno);
    }
    if (S_ISDIR(status.st_mode)) {
      folders.push_back(name);
    } else {
      clamp_one(directory.get(), name.c_str(), status, epoch, child);
    }
  }
  for (const std::string& name : folders) {
    const std::string child = fmt::format("{}/{}", path, name);
    FileDescriptor folder(
        ::openat(directory.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!folder) throw system_error(fmt::format("cannot open '{}'", child), errno);
    if (is_pseudo(folder.get())) continue;
    walk(std::move(folder), epoch, child, depth + 1);
    // After its content: reading a folder may set its access time.
    struct stat status {};
    if (::fstatat(directory.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
      throw system_error(fmt::format("cannot look at '{}'", child), errno);
    }
    clamp_one(directory.get(), name.c_str(), status, epoch, child);
  }
}

}  // namespace

void clamp_times(int directory_fd, std::int64_t epoch) {
  FileDescriptor top(::openat(directory_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!top) throw system_error("cannot open the root", errno);
  walk(std::move(top), epoch, "", 0);
  struct stat status {};
  if (::fstat(directory_fd, &status) != 0) throw system_error("cannot look at the root", errno);
  clamp_one(directory_fd, ".", status, epoch, "/");
}

}  // namespace composer::tree
