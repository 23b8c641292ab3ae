#pragma once

#include <cstdint>
#include <filesystem>

#include "composer/host/process.h"
#include "composer/mount/loop_device.h"
#include "composer/plan.h"

namespace composer::disk {

/// Where and how the partitions of an existing disk are worked on.
struct ExistingWork {
  std::filesystem::path directory;  ///< Of ours: mounts filesystems at `top` in it.
  std::int64_t source_date_epoch = 0;
  const host::CommandRunner* runner = nullptr;
};

/// Makes the filesystem of a partition with `base` the planned one: checked, mended where nothing
/// is lost by it, with its UUID and size. It is not mounted before or after. Where the partition is
/// made anew (existing_filesystem.h) it is empty then; the files of a vfat are in
/// `vfat_directory` by their names, in a vfat that is not mounted they are in it again.
///
/// @param device  The partition, in its planned size.
/// @throws Error  naming the partition when the filesystem is damaged, or refuses.
void prepare_existing_partition(const PlannedPartition& partition, const mount::LoopDevice& device,
                                const ExistingWork& work);

/// Where the files of a vfat partition that is mounted wait for its mount point to be there.
std::filesystem::path vfat_directory(const ExistingWork& work, const PlannedPartition& partition);

}  // namespace composer::disk
