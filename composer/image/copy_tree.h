#pragma once

#include "composer/image/root_tree.h"
#include "composer/units.h"

namespace composer::image {

/// Copies the tree below `root` into the empty directory `target`: owners, modes, modification
/// times, extended attributes, hard links; holes stay holes.
/// @throws Error  when something cannot be read or written, and for a device node other than
///                `null`, `zero`, `full`, `random`, `urandom`, `tty` and `ptmx`: in a directory of
///                this machine it would be a way to this machine's devices.
/// @return  The bytes of the regular files, each counted once.
Bytes copy_tree(int root, const TreeWalk& walk, int target);

}  // namespace composer::image
