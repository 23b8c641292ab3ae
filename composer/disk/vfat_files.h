#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "composer/host/process.h"

namespace composer::disk {

// The files of a base image's vfat partition, which are in a plain directory while the image is
// changed.

/// Makes `directory`, private to root, and reads all files of the vfat filesystem on `device` into
/// it. The filesystem is sound (fsck.fat), but its names and files are not trusted: whoever reads
/// the directory has to scan it (fat_source.h).
void read_vfat_files(const std::filesystem::path& device, const std::filesystem::path& directory,
                     const host::CommandRunner& runner);

/// Moves what `read_vfat_files` read into a mount point of the image, as a mount with umask=0077
/// shows it: everything of root's, mode 0700. No time is after `source_date_epoch`.
///
/// @param mount_point  Open, empty.
/// @param shown        Its path in the image, for messages.
/// @throws Error  as scan_fat_source does, before anything is moved.
void place_vfat_files(const std::filesystem::path& directory, int mount_point,
                      std::string_view shown, std::int64_t source_date_epoch);

}  // namespace composer::disk
