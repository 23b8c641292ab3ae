#pragma once

#include "composer/image/export_job.h"
#include "composer/image/partial_file.h"

namespace composer::image {

/// Makes the beginning of `file` the same as the whole disk, in the cheapest way there is: shared
/// blocks (reflink), else a copy of its data within the kernel, else by reading and writing. Holes
/// stay holes.
void copy_disk(const ExportJob& job, PartialFile& file);

/// The last two of the three ways; apart for the tests.
enum class CopyWay { in_kernel, read_and_write };
void copy_extents(const ExportJob& job, PartialFile& file, CopyWay way);

}  // namespace composer::image
