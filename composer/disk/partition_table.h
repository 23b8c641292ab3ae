#pragma once

#include "composer/plan.h"

namespace composer::disk {

/// Writes the partition table (libfdisk) to a raw disk whose size is the layout's. Every number,
/// identity, name and position comes from the layout, so that the same layout gives the same bytes.
/// In an MBR the partition that is mounted at /boot, else at /, is the active one: some firmware
/// does not start a disk without.
/// @param fd  The disk, open for reading and writing.
/// @throws Error  when libfdisk refuses, or would move anything.
void write_partition_table(int fd, const PlannedDisk& layout);

}  // namespace composer::disk
