#pragma once

#include <string>
#include <vector>

#include "composer/plan.h"

namespace composer::disk {

/// One mount of an image: a filesystem itself, or a subvolume of it.
struct PlannedMount {
  const PlannedPartition* partition = nullptr;  ///< Has a filesystem.
  const PlannedSubvolume* subvolume = nullptr;  ///< Null for the filesystem itself.
  std::string path;
};

/// What is mounted, parents first: `/`, `/boot`, `/boot/efi`. The order of mounting; unmounting
/// goes backwards.
std::vector<PlannedMount> in_mount_order(const PlannedDisk& layout);

}  // namespace composer::disk
