#include "composer/disk/subvolumes.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/btrfs.h>
#include <string>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <vector>

#include "composer/base/file_descriptor.h"
#include "composer/error.h"

namespace composer::disk {
namespace {

void create_subvolume(int parent, const std::string& name) {
  btrfs_ioctl_vol_args_v2 arguments{};
  if (name.size() > BTRFS_SUBVOL_NAME_MAX) {
    errno = ENAMETOOLONG;
  } else {
    name.copy(arguments.name, name.size());
    if (::ioctl(parent, BTRFS_IOC_SUBVOL_CREATE_V2, &arguments) == 0) return;
  }
  throw system_error(fmt::format("cannot make subvolume '{}'", name), errno);
}

/// What stands between two subvolumes, or a subvolume and the top, is a plain directory.
FileDescriptor open_or_make(FileDescriptor parent, const std::string& name) {
  if (::mkdirat(parent.get(), name.c_str(), 0755) != 0 && errno != EEXIST) {
    throw system_error(fmt::format("cannot make directory '{}'", name), errno);
  }
  FileDescriptor directory(
      ::openat(parent.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!directory) throw system_error(fmt::format("cannot open directory '{}'", name), errno);
  return directory;
}

}  // namespace

void make_subvolumes(const PlannedFilesystem& filesystem, const std::filesystem::path& top,
                     std::int64_t source_date_epoch) {
  std::vector<std::string> names;
  for (const PlannedSubvolume& subvolume : filesystem.subvolumes) names.push_back(subvolume.name);
  std::sort(names.begin(), names.end());
  const timespec times[2] = {{source_date_epoch, 0}, {source_date_epoch, 0}};
  for (const std::string& name : names) {
    const std::filesystem::path path = name;
    FileDescriptor parent = open_file(top, O_RDONLY | O_DIRECTORY);
    for (const auto& component : path.parent_path()) {
      parent = open_or_make(std::move(parent), component);
    }
    create_subvolume(parent.get(), path.filename());
  }
  // Deepest first: making something in a directory changes its time.
  std::sort(names.rbegin(), names.rend());
  names.emplace_back(".");
  for (const std::string& name : names) {
    for (std::filesystem::path path = name; !path.empty(); path = path.parent_path()) {
      const std::string full = (top / path).string();
      if (::chmod(full.c_str(), 0755) != 0 ||
          ::utimensat(AT_FDCWD, full.c_str(), times, AT_SYMLINK_NOFOLLOW) != 0) {
        throw system_error(fmt::format("cannot set the attributes of subvolume '{}'", name), errno);
      }
    }
  }
}

}  // namespace composer::disk
