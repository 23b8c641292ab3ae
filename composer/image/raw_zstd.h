#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "composer/image/export_job.h"
#include "composer/image/partial_file.h"

// The raw disk in zstd, in the seekable format: independent frames and, in a skippable frame at the
// end, a table of their sizes, so that a reader can begin anywhere. Any zstd can unpack it.
// docs/formats/raw-zst.md has the fields and a worked example. Source: zstd's
// contrib/seekable_format/zstd_seekable_compression_format.md, version 0.1.0.

namespace composer::image {

/// A frame of the disk's data: what a reader has to unpack to read a byte of it.
inline constexpr std::uint64_t kZstdFrameSize = 4 << 20;
/// The largest frame for zeros, which unpack at memory speed: a zstd block of zeros is 4 bytes for
/// 128 KiB, and each frame costs 8 bytes of table.
inline constexpr std::uint64_t kZstdZeroFrameSize = 128 << 20;

struct ZstdFrame {
  std::uint32_t compressed = 0, size = 0;  ///< Bytes.
};

/// The seek table: a skippable frame with the sizes of all frames, to be put at the end.
std::string encode_zstd_seek_table(const std::vector<ZstdFrame>& frames);

/// Writes the whole disk into the empty `file`. Memory: about 30 MiB for each thread, and 8 bytes
/// for each frame.
void write_raw_zstd(const ExportJob& job, PartialFile& file);

}  // namespace composer::image
