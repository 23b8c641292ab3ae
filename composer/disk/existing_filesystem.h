#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>
#include <vector>

#include "composer/host/process.h"
#include "composer/plan.h"

namespace composer::disk {

// How the filesystem of a base image's partition becomes the planned one: checked, given its UUID,
// grown. The functions decide only. vfat and swap are made anew instead (filesystem.h), swap since
// nothing in it is worth keeping, vfat since it is filled without the kernel anyway.

/// Whether the partition has more room than in the base image. Its `base` is there.
bool has_grown(const PlannedPartition& partition);

/// Whether its filesystem gets another UUID than in the base image. Both are there.
bool has_new_uuid(const PlannedPartition& partition);

/// Whether a partition with `base` is made anew, by mkfs: swap that changes at all, vfat that
/// changes or is mounted, since its files will change.
bool is_made_anew(const PlannedPartition& partition);

struct Repair {
  host::Command command;   ///< No arguments for swap.
  int highest_status = 0;  ///< Of those that mean that the filesystem is sound now.
};

/// What makes an unmounted filesystem fit to be changed, or finds out that it is not: what a
/// machine does when it boots (ext4, vfat), else a check that changes nothing.
Repair repair_command(FilesystemType type, const std::filesystem::path& device,
                      std::int64_t source_date_epoch);

/// Gives an unmounted, sound ext4, xfs or btrfs another UUID; no arguments for others.
host::Command set_uuid_command(FilesystemType type, std::string_view uuid,
                               const std::filesystem::path& device, std::int64_t source_date_epoch);

/// Whether a filesystem grows while it is mounted; only then, or only before.
bool grows_while_mounted(FilesystemType type);

/// Makes a filesystem as large as its device; no arguments for vfat and swap.
/// @param where  The device, or where it is mounted.
host::Command grow_command(FilesystemType type, const std::filesystem::path& where,
                           std::int64_t source_date_epoch);

/// Mount options of an existing filesystem while the image is changed.
std::vector<std::string> existing_mount_options(const PlannedFilesystem& filesystem);

/// The command that reads all files out of a vfat filesystem into `directory`, which is empty.
host::Command read_vfat_command(const std::filesystem::path& device,
                                const std::filesystem::path& directory);

/// The programs that are run for a partition with `base` and filesystem.
std::vector<host::Tool> existing_filesystem_tools(const PlannedPartition& partition);

}  // namespace composer::disk
