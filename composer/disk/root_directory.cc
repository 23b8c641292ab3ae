#include "composer/disk/root_directory.h"

#include <cerrno>
#include <fmt/format.h>
#include <sys/stat.h>

#include "composer/error.h"

namespace composer::disk {
namespace {

std::filesystem::path make_root(const std::filesystem::path& work_directory) {
  std::filesystem::path root = work_directory / "root";
  // Whatever the umask is.
  if (::mkdir(root.c_str(), 0755) != 0 || ::chmod(root.c_str(), 0755) != 0) {
    throw system_error(fmt::format("cannot make directory '{}'", root.string()), errno);
  }
  return root;
}

}  // namespace

RootDirectory::RootDirectory(const std::filesystem::path& work_directory)
    : mount_([&] {
        const std::filesystem::path root = make_root(work_directory);
        return mount::Mount::bind(root, {root, "/"}, {"nodev"});
      }()) {}

}  // namespace composer::disk
