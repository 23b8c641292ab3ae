#include "composer/plan.h"

#include <fmt/format.h>

namespace composer {

std::string PlannedPackage::nevra() const {
  return epoch == 0 ? fmt::format("{}-{}-{}.{}", name, version, release, arch)
                    : fmt::format("{}-{}:{}-{}.{}", name, epoch, version, release, arch);
}

const PlannedPartition* PlannedDisk::mounted_at(std::string_view path) const {
  for (const PlannedPartition& partition : partitions) {
    if (!partition.filesystem) continue;
    if (partition.filesystem->mount == path) return &partition;
    for (const PlannedSubvolume& subvolume : partition.filesystem->subvolumes) {
      if (subvolume.mount == path) return &partition;
    }
  }
  return nullptr;
}

}  // namespace composer
