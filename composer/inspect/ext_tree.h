#pragma once

#include <memory>

#include "composer/inspect/block_source.h"
#include "composer/inspect/file_tree.h"

namespace composer::inspect {

/// Opens an ext2, ext3 or ext4 filesystem (libext2fs) for reading. Its journal is not replayed; see
/// FilesystemFacts::needs_recovery. The volume is owned by the tree.
/// @throws Error  when it is not one, is larger than its volume, or has features that libext2fs
///                does not know.
std::unique_ptr<FileTree> open_ext(std::unique_ptr<BlockSource> volume);

}  // namespace composer::inspect
