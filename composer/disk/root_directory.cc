#include "composer/disk/root_directory.h"

#include "composer/host/plain_directory.h"

namespace composer::disk {
namespace {

std::filesystem::path make_root(const std::filesystem::path& work_directory) {
  std::filesystem::path root = work_directory / "root";
  host::make_plain_directory(root, 0755);
  return root;
}

}  // namespace

RootDirectory::RootDirectory(const std::filesystem::path& work_directory)
    : mount_([&] {
        const std::filesystem::path root = make_root(work_directory);
        return mount::Mount::bind(root, {root, "/"}, {"nodev"});
      }()) {}

}  // namespace composer::disk
