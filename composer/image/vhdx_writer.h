#pragma once

#include "composer/image/export_job.h"
#include "composer/image/partial_file.h"

namespace composer::image {

/// Writes the disk as a dynamic VHDX into the empty `file`: headers, an empty log, metadata, the
/// block allocation table, then the blocks that hold something in the disk's order. Memory does not
/// depend on the disk's size.
void write_vhdx(const ExportJob& job, PartialFile& file);

}  // namespace composer::image
