#include "composer/disk/vfat_files.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <string>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include "composer/base/file_descriptor.h"
#include "composer/disk/existing_filesystem.h"
#include "composer/disk/fat_source.h"
#include "composer/error.h"
#include "composer/host/plain_directory.h"

namespace composer::disk {
namespace {

constexpr mode_t kMode = 0700;

void copy_content(int from, int to, std::uint64_t size, const std::string& shown) {
  while (size > 0) {
    const ssize_t n = ::sendfile(to, from, nullptr, size);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) throw system_error(fmt::format("cannot write '{}'", shown), n < 0 ? errno : EIO);
    size -= static_cast<std::uint64_t>(n);
  }
}

/// Copies what is below `tree` into the open directory `into`.
/// @param path  Of `tree` below `source`; empty for the top.
void copy_below(int source, const FatSource& tree, const std::string& path, int into,
                const std::string& shown, std::int64_t epoch) {
  for (const FatSource& child : tree.children) {
    const std::string from = path.empty() ? child.name : path + "/" + child.name;
    const std::string to = shown + "/" + child.name;
    if (child.directory && ::mkdirat(into, child.name.c_str(), kMode) != 0) {
      throw system_error(fmt::format("cannot make directory '{}'", to), errno);
    }
    const int flags = child.directory ? O_RDONLY | O_DIRECTORY : O_WRONLY | O_CREAT | O_EXCL;
    const FileDescriptor made(
        ::openat(into, child.name.c_str(), flags | O_NOFOLLOW | O_CLOEXEC, kMode));
    if (!made) throw system_error(fmt::format("cannot make '{}'", to), errno);
    if (child.directory) {
      copy_below(source, child, from, made.get(), to, epoch);
    } else {
      copy_content(open_fat_source(source, from).get(), made.get(), child.size, to);
    }
    const std::int64_t modified = std::min(child.modified, epoch);
    const timespec times[2] = {{modified, 0}, {modified, 0}};
    // Whatever the umask is.
    if (::fchmod(made.get(), kMode) != 0 || ::futimens(made.get(), times) != 0) {
      throw system_error(fmt::format("cannot set the attributes of '{}'", to), errno);
    }
  }
}

}  // namespace

void read_vfat_files(const std::filesystem::path& device, const std::filesystem::path& directory,
                     const host::CommandRunner& runner) {
  host::make_plain_directory(directory, 0700);
  runner.check(read_vfat_command(device, directory));
}

void place_vfat_files(const std::filesystem::path& directory, int mount_point,
                      std::string_view shown, std::int64_t source_date_epoch) {
  const FileDescriptor source = open_file(directory, O_RDONLY | O_DIRECTORY);
  const FatSource tree = scan_fat_source(source.get(), shown);
  copy_below(source.get(), tree, {}, mount_point, std::string(shown), source_date_epoch);
  std::filesystem::remove_all(directory);
}

}  // namespace composer::disk
