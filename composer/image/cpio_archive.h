#pragma once

#include <functional>
#include <string_view>

#include "composer/image/root_tree.h"

namespace composer::image {

/// What an archive could not keep.
struct CpioLosses {
  std::size_t capabilities = 0;  ///< Files whose `security.capability` is not in it.
};

/// Writes the tree below `root` as a cpio archive of the kind `newc`, which the kernel unpacks as
/// its first root: paths without a leading slash in the order of walk_tree, numeric owners, hard
/// links, devices. The bytes depend on the tree alone. Where the root has no `init`, the archive
/// has a link of that name to `sbin/init`: it is what the kernel starts. docs/formats/cpio.md.
///
/// @param sink  Takes the archive's bytes in order; what it throws ends the writing.
/// @throws Error  when the tree cannot be read, or holds what cpio cannot: a file of 4 GiB.
/// Source: Linux, Documentation/driver-api/early-userspace/buffer-format.rst.
CpioLosses write_cpio(int root, const TreeWalk& walk,
                      const std::function<void(std::string_view)>& sink);

}  // namespace composer::image
