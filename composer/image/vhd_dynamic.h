#pragma once

#include <cstdint>
#include <string>

#include "composer/image/export_job.h"
#include "composer/image/partial_file.h"

// The dynamic VHD: only blocks of 2 MiB that hold something are in the file, each found through the
// block allocation table. docs/formats/vhd.md has the fields and a worked example. Source:
// Microsoft, "Virtual Hard Disk Image Format Specification" 1.0, "Dynamic Disk Header Format".

namespace composer::image {

/// What everybody writes, and what the specification calls the default.
inline constexpr std::uint64_t kVhdBlockSize = 2 << 20;

/// The 1024 bytes of the dynamic disk header, checksum included.
///
/// @param table_offset  Of the block allocation table.
/// @param entries       Of the table: one for each block of the disk.
std::string encode_vhd_dynamic_header(std::uint64_t table_offset, std::uint32_t entries);

/// Writes the disk as a dynamic VHD into the empty `file`: the footer's copy, the header, the
/// table, the blocks in the disk's order, the footer. Memory: 4 bytes for each block of the disk,
/// at most 4 MiB.
void write_vhd_dynamic(const ExportJob& job, PartialFile& file);

}  // namespace composer::image
