#include "composer/disk/mount_order.h"

#include <algorithm>

namespace composer::disk {

std::vector<const PlannedPartition*> in_mount_order(const PlannedDisk& layout) {
  std::vector<const PlannedPartition*> mounted;
  for (const PlannedPartition& partition : layout.partitions) {
    if (partition.filesystem && !partition.filesystem->mount.empty()) {
      mounted.push_back(&partition);
    }
  }
  // A path sorts before every longer path that starts with it.
  std::sort(mounted.begin(), mounted.end(), [](const auto* a, const auto* b) {
    return a->filesystem->mount < b->filesystem->mount;
  });
  return mounted;
}

}  // namespace composer::disk
