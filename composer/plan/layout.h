#pragma once

#include <string_view>

#include "composer/blueprint.h"
#include "composer/plan.h"

namespace composer {

/// Where the first partition starts: Azure writes its own metadata into the first 2048 sectors and
/// refuses to publish a disk that uses them. Also the grain of every start and size.
/// Source: Azure Marketplace, VM certification FAQ.
constexpr Bytes kPartitionGrain = MiB(1);

/// Decides the disk: byte ranges, GUIDs, filesystem UUIDs. Pure; the same request and seed give the
/// same disk. Partitions start at 1 MiB and are whole MiB (Azure's rules 2 and 6); with GPT the
/// last MiB belongs to the backup header. Identities are derived from `seed` by the partition's
/// label: `disk`, `partition:LABEL`, `filesystem:LABEL`.
/// @throws Error  of kind usage with every problem at its place: too large for the disk, too small
///                for its filesystem, duplicate mount points, no root filesystem, firmware without
///                its partition, …
PlannedDisk plan_disk(const DiskRequest& disk, const BootRequest& boot, Architecture arch,
                      std::string_view seed);

}  // namespace composer
