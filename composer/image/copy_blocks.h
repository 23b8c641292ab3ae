#pragma once

#include <cstdint>
#include <functional>

#include "composer/image/export_job.h"
#include "composer/image/partial_file.h"

namespace composer::image {

/// Copies the disk in blocks of one size to wherever they are to lie in `file`. Blocks of nothing
/// but zeros are passed over; zeros within a block stay holes of the file.
///
/// @param block_size  A multiple of 64 KiB.
/// @param place       Called for each block that holds something, by its number on the disk, in
///                    the disk's order, never twice at once; returns where the block lies in the
///                    file. What it sees does not depend on the number of threads.
///
/// The blocks are read and written in `job.threads` threads; memory: 256 KiB for each.
/// @throws Error  the first of any thread, or of `place`, after all threads have ended.
void copy_blocks(const ExportJob& job, PartialFile& file, std::uint64_t block_size,
                 const std::function<std::uint64_t(std::uint64_t block)>& place);

}  // namespace composer::image
