#pragma once

#include <string_view>

#include "composer/blueprint.h"
#include "composer/plan.h"

namespace composer {

/// Decides the disk: byte ranges, GUIDs, filesystem UUIDs. Pure; the same request and seed give the
/// same disk. Partitions start at 1 MiB and are whole MiB (Azure's rules 2 and 6).
/// @throws Error  of kind usage with every problem at its place: too large for the disk, duplicate
///                mount points, no root filesystem, firmware without its partition, …
PlannedDisk plan_disk(const DiskRequest& disk, const BootRequest& boot, Architecture arch,
                      std::string_view seed);

}  // namespace composer
