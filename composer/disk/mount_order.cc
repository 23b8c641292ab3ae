#include "composer/disk/mount_order.h"

#include <algorithm>

namespace composer::disk {

std::vector<PlannedMount> in_mount_order(const PlannedDisk& layout) {
  std::vector<PlannedMount> mounts;
  for (const PlannedPartition& partition : layout.partitions) {
    if (!partition.filesystem) continue;
    const PlannedFilesystem& filesystem = *partition.filesystem;
    if (!filesystem.mount.empty()) mounts.push_back({&partition, nullptr, filesystem.mount});
    for (const PlannedSubvolume& subvolume : filesystem.subvolumes) {
      if (!subvolume.mount.empty()) mounts.push_back({&partition, &subvolume, subvolume.mount});
    }
  }
  // A path sorts before every longer path that starts with it.
  std::sort(mounts.begin(), mounts.end(),
            [](const PlannedMount& a, const PlannedMount& b) { return a.path < b.path; });
  return mounts;
}

}  // namespace composer::disk
