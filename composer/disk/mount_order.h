#pragma once

#include <vector>

#include "composer/plan.h"

namespace composer::disk {

/// The partitions that have a mount point, parents first: `/`, `/boot`, `/boot/efi`. The order of
/// mounting; unmounting goes backwards.
std::vector<const PlannedPartition*> in_mount_order(const PlannedDisk& layout);

}  // namespace composer::disk
