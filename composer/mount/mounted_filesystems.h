#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "composer/base/file_descriptor.h"

namespace composer::mount {

/// A filesystem in a root, by itself: what is mounted over its directories is not in the way.
struct MountedFilesystem {
  std::string path;     ///< Where it is mounted, inside the root; `/` for the root's own.
  FileDescriptor tree;  ///< Its top directory. Reading in it sets no access times.
};

/// The root's own filesystem and all that are mounted below it, by path.
/// @throws Error  when they cannot be listed or shown; needs the right to mount.
std::vector<MountedFilesystem> filesystems_below(const std::filesystem::path& root);

}  // namespace composer::mount
