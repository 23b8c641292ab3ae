#pragma once

#include <filesystem>

#include "composer/mount/mount_point.h"

namespace composer::disk {

/// The root of a plan without a disk: a plain directory of this machine, in the shape of an
/// Assembly. Device nodes in it are dead while it is filled, as in an Assembly: packages bring
/// them. Call mount::enter_private_mounts first.
class RootDirectory {
 public:
  /// `work_directory` exists; the root is `root` in it, made anew with mode 0755.
  explicit RootDirectory(const std::filesystem::path& work_directory);

  const std::filesystem::path& root() const { return mount_.path(); }

  /// Makes sure that nothing of what filled the root still uses it.
  /// @throws Error  when it is busy.
  void finish() && { mount_.close(); }

 private:
  mount::Mount mount_;
};

}  // namespace composer::disk
