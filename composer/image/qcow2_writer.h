#pragma once

#include "composer/image/export_job.h"
#include "composer/image/partial_file.h"

namespace composer::image {

/// Writes the disk as a qcow2 of version 3 into the empty `file`, uncompressed, zlib or zstd as the
/// job's output says. Holes and clusters of zeros stay unallocated. The order in the file is:
/// header, L1 table, then data with each L2 table after what it maps, refcount blocks every 2 GiB,
/// and at the end the last of these and the refcount table, so that nothing is larger than it has
/// to be.
void write_qcow2(const ExportJob& job, PartialFile& file);

}  // namespace composer::image
