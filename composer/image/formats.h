#pragma once

#include <array>
#include <string>
#include <string_view>

#include "composer/image/cosi_writer.h"
#include "composer/image/export_job.h"
#include "composer/image/partial_file.h"
#include "composer/image/qcow2_format.h"
#include "composer/image/qcow2_writer.h"
#include "composer/image/vhd_dynamic.h"
#include "composer/image/vhd_footer.h"
#include "composer/image/vhdx_format.h"
#include "composer/image/vhdx_writer.h"
#include "composer/output_format.h"
#include "composer/plan.h"

namespace composer::image {

/// What varies between the formats that are made of a disk; everything else is one path for all
/// (write.cc). What is known of them before anything is written is in output_format.h.
struct Format {
  OutputFormat format;
  Bytes size_grain;  ///< The disk's size must be a multiple of this.
  Bytes size_limit;  ///< The largest disk.

  /// For a format whose file is, uncompressed, the raw disk followed by a few bytes: those bytes.
  /// Such a file can be the raw disk itself, renamed. Null for one with a structure of its own.
  std::string (*trailer)(const Plan& plan, Bytes size);

  /// Writes the whole image into the empty `file`.
  void (*write)(const ExportJob& job, PartialFile& file);

  /// Whether the output is the raw disk and a trailer.
  bool is_disk_itself(const PlannedOutput& output) const {
    return trailer != nullptr && output.compression == Compression::none;
  }
};

std::string no_trailer(const Plan& plan, Bytes size);
void write_raw(const ExportJob& job, PartialFile& file);
void write_vhd_fixed(const ExportJob& job, PartialFile& file);

/// One row for each OutputFormat that is made of a disk.
inline constexpr std::array kFormats{
    // Filesystems end earlier (ext4 at 16 TiB) and say so; this limit is that of a file offset.
    Format{OutputFormat::raw, {512}, {INT64_MAX}, no_trailer, write_raw},
    // Azure refuses a VHD whose size is not a whole number of MiB.
    Format{OutputFormat::vhd_fixed, MiB(1), kVhdLargestDisk, planned_vhd_footer, write_vhd_fixed},
    Format{OutputFormat::vhd, {512}, kVhdLargestDisk, nullptr, write_vhd_dynamic},
    Format{OutputFormat::vhdx, {512}, vhdx::kLargestDisk, nullptr, write_vhdx},
    Format{OutputFormat::qcow2, {512}, qcow2::kLargestDisk, nullptr, write_qcow2},
    Format{OutputFormat::cosi, {512}, {INT64_MAX}, nullptr, write_cosi},
};

/// @throws Error  when the format is none that is made of a disk.
const Format& format_of(OutputFormat format);

/// @throws Error  of kind usage when this output cannot hold a disk of this size, is compressed as
///                its format cannot be, or has sectors or a file name that cannot be.
void check_output(const PlannedOutput& output, Bytes disk_size);

/// @throws Error  of kind usage when the output is compressed as its format cannot be.
void check_compression(const PlannedOutput& output);

/// @throws Error  of kind usage when the name of an output cannot be one, or two outputs would
///                write to one name.
void check_output_names(const Plan& plan);

}  // namespace composer::image
