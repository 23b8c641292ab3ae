#pragma once

#include "composer/image/export_job.h"
#include "composer/image/partial_file.h"

namespace composer::image {

/// Writes the disk as a COSI into the empty `file`: a tar archive of metadata.json, then the
/// partition table and each partition in zstd, in the disk's order. docs/formats/cosi.md.
/// @throws Error  of kind usage when the disk cannot be one.
void write_cosi(const ExportJob& job, PartialFile& file);

}  // namespace composer::image
