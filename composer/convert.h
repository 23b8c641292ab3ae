#pragma once

#include <filesystem>
#include <optional>
#include <span>

#include "composer/output_format.h"
#include "composer/progress.h"
#include "composer/report.h"

namespace composer {

struct ConvertRequest {
  std::filesystem::path input;  ///< raw, VHD, VHDX, qcow2, or a raw disk in zstd.
  std::filesystem::path output;
  std::optional<OutputFormat> format;      ///< Absent: by the output's extension.
  std::optional<Compression> compression;  ///< Absent: the format's default.
  SectorSize sector_size = SectorSize::native_512;
};

/// The formats that a disk can be converted to: those that say nothing of what is on it.
std::span<const OutputFormat> convertible_formats();

/// Writes the disk of one image as an image of another format. The input is never written to; the
/// output is replaced when the new one is whole. What the format wants to be unique (UUIDs of VHD
/// and VHDX) is derived from the disk, its date from SOURCE_DATE_EPOCH, so that the same disk gives
/// the same file.
///
/// @throws Error  of kind usage for a format that cannot hold the disk, before anything is
///                written; build for an input that cannot be read; host when there is no room.
Image convert(const ConvertRequest& request, Progress& progress);

}  // namespace composer
