#pragma once

#include <span>

#include "composer/base/checksum.h"
#include "composer/image/export_job.h"

namespace composer::image {

/// Feeds the whole content of `file` to every hasher, in one pass. Holes are not read, but their
/// zeros have to be hashed all the same: SHA-256 has no way to skip them, so this takes the time of
/// the virtual size (1.8 GB/s measured with SHA instructions).
void hash_file(const RawDisk& file, std::span<Hasher> hashers, const ExportMeter& meter);

}  // namespace composer::image
