#pragma once

#include <array>
#include <string>
#include <string_view>

#include "composer/image/export_job.h"
#include "composer/image/partial_file.h"
#include "composer/image/qcow2_format.h"
#include "composer/image/qcow2_writer.h"
#include "composer/image/vhd_footer.h"
#include "composer/plan.h"

namespace composer::image {

enum class CompressionUse { none, optional };

/// What varies between the formats that are made of a disk; everything else is one path for all
/// (write.cc).
struct Format {
  OutputFormat format;
  std::string_view name;       ///< The blueprint's word.
  std::string_view extension;  ///< Of a file of this format, with its dot.
  Bytes size_grain;            ///< The disk's size must be a multiple of this.
  Bytes size_limit;            ///< The largest disk.
  CompressionUse compression;

  /// For a format whose file is the raw disk followed by a few bytes: those bytes. Such a file can
  /// be the raw disk itself, renamed. Null for a format with a structure of its own.
  std::string (*trailer)(const Plan& plan, Bytes size);

  /// Writes the whole image into the empty `file`.
  void (*write)(const ExportJob& job, PartialFile& file);
};

std::string no_trailer(const Plan& plan, Bytes size);
void write_raw(const ExportJob& job, PartialFile& file);
void write_vhd_fixed(const ExportJob& job, PartialFile& file);

/// One row for each OutputFormat that is made of a disk.
inline constexpr std::array kFormats{
    // Filesystems end earlier (ext4 at 16 TiB) and say so; this limit is that of a file offset.
    Format{OutputFormat::raw,
           "raw",
           ".raw",
           {512},
           {INT64_MAX},
           CompressionUse::none,
           no_trailer,
           write_raw},
    // Azure refuses a VHD whose size is not a whole number of MiB.
    Format{OutputFormat::vhd_fixed, "vhd-fixed", ".vhd", MiB(1), kVhdLargestDisk,
           CompressionUse::none, planned_vhd_footer, write_vhd_fixed},
    Format{OutputFormat::qcow2,
           "qcow2",
           ".qcow2",
           {512},
           qcow2::kLargestDisk,
           CompressionUse::optional,
           nullptr,
           write_qcow2},
};

/// @throws Error  when the format is none that is made of a disk.
const Format& format_of(OutputFormat format);

/// Whether outputs of this format are made of the disk; of the root otherwise (root_formats.h).
bool is_made_of_disk(OutputFormat format);

/// @throws Error  of kind usage when this output cannot hold a disk of this size, is compressed
///                though its format is not, or has a file name that is none.
void check_output(const PlannedOutput& output, Bytes disk_size);

/// @throws Error  of kind usage when the name of an output cannot be one, or two outputs would
///                write to one name.
void check_output_names(const Plan& plan);

}  // namespace composer::image
