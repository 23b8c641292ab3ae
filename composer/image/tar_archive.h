#pragma once

#include <functional>
#include <string_view>

#include "composer/image/root_tree.h"

namespace composer::image {

/// How the archive names its entries: `./etc/passwd` and `./` for the root itself, or `etc/passwd`
/// and no root.
enum class TarPaths { from_dot, plain };

struct TarOptions {
  TarPaths paths = TarPaths::from_dot;
  /// Looks at each entry first; what it throws ends the writing.
  void (*check)(const TreeEntry& entry) = nullptr;
};

/// Writes the tree below `root` as a tar archive of POSIX.1-2001 (pax): paths in the order of
/// walk_tree; numeric owners; extended attributes, and with them capabilities and SELinux
/// labels, as `SCHILY.xattr.` records; further names of a file as hard links. The bytes depend on
/// the tree alone. docs/formats/tar.md.
///
/// @param sink  Takes the archive's bytes in order; what it throws ends the writing.
/// @throws Error  when the tree cannot be read, or holds what tar cannot.
void write_tar(int root, const TreeWalk& walk, const std::function<void(std::string_view)>& sink,
               const TarOptions& options = {});

}  // namespace composer::image
