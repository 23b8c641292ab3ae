#pragma once

#include <string>
#include <string_view>

#include "composer/blueprint.h"
#include "composer/plan.h"

namespace composer {

/// Where the first partition starts: Azure writes its own metadata into the first 2048 sectors and
/// refuses to publish a disk that uses them. Also the grain of every start and size.
/// Source: Azure Marketplace, VM certification FAQ.
constexpr Bytes kPartitionGrain = MiB(1);

/// The identities that a seed gives: of a disk, as PlannedDisk::id; of its partition, and of the
/// filesystem in it, by the partition's label.
std::string planned_disk_id(PartitionTableType table, std::string_view seed);
std::string planned_partition_uuid(const PlannedDisk& disk, const std::string& label, int number,
                                   std::string_view seed);
std::string planned_filesystem_uuid(FilesystemType type, const std::string& label,
                                    std::string_view seed);

/// A partition and its filesystem, but for where it lies.
/// @param disk  Has its table and id already.
PlannedPartition plan_partition(const PartitionRequest& request, int number,
                                const PlannedDisk& disk, Architecture arch, std::string_view seed);

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
