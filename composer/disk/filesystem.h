#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "composer/host/process.h"
#include "composer/plan.h"

namespace composer::disk {

// How each filesystem is made, mounted and checked: docs/storage.md says why. The functions decide
// only; a CommandRunner does.

/// `ext4`, `xfs`, …: as in /proc/filesystems and as libblkid prints it.
std::string_view kernel_name(FilesystemType type);

/// What fixes the clock of the programs that write filesystems, and keeps the host's configuration
/// from them: NAME=value.
std::vector<std::string> filesystem_environment(std::int64_t source_date_epoch);

/// The command that makes the partition's filesystem on `device`, which reads as zeros throughout.
/// Nothing in it depends on the host: every feature is named, and the host's mke2fs.conf is not
/// read. The plan's mkfs_options win over ours (mkfs_options.h).
/// @param partition  Has a filesystem.
host::Command mkfs_command(const PlannedPartition& partition, const std::filesystem::path& device,
                           std::int64_t source_date_epoch);

/// Mount options while the image is being made; not those of the image's fstab, but for
/// compression, which has to be there when files are written. They give up what guards against a
/// crash of this machine, since after one the disk is thrown away.
std::vector<std::string> assembly_mount_options(const PlannedFilesystem& filesystem);

/// The command that removes the traces of being mounted here, such as the host's path in an ext4
/// superblock; no arguments where there are none.
host::Command forget_host_command(const PlannedFilesystem& filesystem,
                                  const std::filesystem::path& device,
                                  std::int64_t source_date_epoch);

/// The command that checks an unmounted filesystem and changes nothing; status 0 means that it is
/// sound. No arguments for swap.
host::Command check_command(FilesystemType type, const std::filesystem::path& device);

/// The programs that the commands above run for a filesystem of this type.
std::vector<host::Tool> filesystem_tools(FilesystemType type);

}  // namespace composer::disk
