#include "composer/disk/mount_points.h"

#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "composer/error.h"
#include "composer/mount/open_in_root.h"

namespace composer::disk {
namespace {

constexpr int kDirectory = O_RDONLY | O_DIRECTORY;

void make_directory(int parent, const std::string& name, const std::string& shown,
                    std::int64_t source_date_epoch) {
  struct stat before {};
  if (::fstat(parent, &before) != 0 || ::mkdirat(parent, name.c_str(), 0755) != 0) {
    throw system_error(fmt::format("cannot make directory '{}' in the image", shown), errno);
  }
  const FileDescriptor made(::openat(parent, name.c_str(), kDirectory | O_NOFOLLOW | O_CLOEXEC));
  const timespec times[2] = {{source_date_epoch, 0}, {source_date_epoch, 0}};
  const timespec parent_times[2] = {before.st_atim, before.st_mtim};
  // The mode whatever the umask is.
  if (!made || ::fchmod(made.get(), 0755) != 0 || ::futimens(made.get(), times) != 0 ||
      ::futimens(parent, parent_times) != 0) {
    throw system_error(fmt::format("cannot set the attributes of '{}' in the image", shown), errno);
  }
}

}  // namespace

MountPoint make_mount_point(const std::filesystem::path& root, const std::string& path,
                            std::int64_t source_date_epoch) {
  const FileDescriptor top = open_file(root, kDirectory);
  FileDescriptor parent = open_file(root, kDirectory);
  std::filesystem::path shown = "/";
  MountPoint result = MountPoint::found;
  for (const auto& component : std::filesystem::path(path).relative_path()) {
    shown /= component;
    auto next = mount::open_in_root(top.get(), shown.string(), kDirectory);
    if (!next) {
      make_directory(parent.get(), component.string(), shown.string(), source_date_epoch);
      next = mount::open_in_root(top.get(), shown.string(), kDirectory);
      if (!next) throw Error(ErrorKind::build, fmt::format("'{}' is not there", shown.string()));
      result = MountPoint::made;
    }
    parent = std::move(*next);
  }
  return result;
}

FileDescriptor open_mount_point(const std::filesystem::path& root, const std::string& path) {
  const FileDescriptor top = open_file(root, kDirectory);
  open_how how{};
  how.flags = kDirectory | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  FileDescriptor directory(
      static_cast<int>(::syscall(SYS_openat2, top.get(), path.c_str(), &how, sizeof how)));
  if (!directory) {
    if (errno == ELOOP) {
      throw Error(ErrorKind::build,
                  fmt::format("the mount point '{}' is a symbolic link, or behind one", path));
    }
    throw system_error(fmt::format("cannot open the mount point '{}' in the image", path), errno);
  }
  return directory;
}

void require_empty_mount_point(int directory, const std::string& path) {
  if (std::filesystem::is_empty(fmt::format("/proc/self/fd/{}", directory))) return;
  throw Error(ErrorKind::build,
              fmt::format("the mount point '{}' holds files below what is mounted there", path),
              "remove them from the image; they are not seen while it runs");
}

}  // namespace composer::disk
