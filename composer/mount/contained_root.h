#pragma once

#include <filesystem>
#include <string>
#include <sys/stat.h>
#include <vector>

#include "composer/base/file_descriptor.h"

namespace composer::mount {

/// The view of the filesystem that a contained process has. docs/containment.md says what is in it
/// and why. Only for a process that has a mount and a PID namespace of its own.
class ContainedRoot {
 public:
  /// Makes `root` the root directory of this mount namespace, with everything of the host gone,
  /// and /dev, /proc, /sys, /run and /tmp mounted over. Directories for these that are missing are
  /// made, with the modes that `filesystem` packages give them.
  explicit ContainedRoot(const std::filesystem::path& root);

  /// A package may own /dev, /proc, /sys, /run or /tmp and set its mode and owner: what reached the
  /// directory mounted over is given to the one below, which is in the image.
  void carry_attributes() const;

 private:
  struct Cover {
    std::string path;
    FileDescriptor below, above;
    struct stat at_first {};
  };
  void cover(const std::string& path, mode_t mode, int mounted);

  std::vector<Cover> covers_;
};

}  // namespace composer::mount
