#pragma once

#include "composer/disk/existing_disk.h"
#include "composer/plan.h"

namespace composer::disk {

/// Changes the partition table (libfdisk) of a disk to what the layout says: its id, the identities
/// and ends of the partitions that it has, and partitions that it has not. Everything else stays:
/// names, types, attributes, which partition is active, boot code. A GPT gets its backup to the new
/// end of the disk, which the partitions may then use. Where nothing differs nothing is written.
///
/// @param fd  The disk, open for reading and writing, already of the layout's size.
/// @throws Error  when the disk has not the table that the layout was planned for (its kind, its
///                id, the place of a partition), or libfdisk refuses; the disk is as before then.
void change_partition_table(int fd, const PlannedDisk& layout, const ExistingDisk& existing);

}  // namespace composer::disk
