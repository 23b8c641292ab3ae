#include "composer/disk/change_partition_table.h"

#include <fmt/format.h>

#include "composer/disk/disk_label.h"
#include "composer/disk/partition_name.h"
#include "composer/error.h"

namespace composer::disk {
namespace {

std::string_view name_of(PartitionTableType type) {
  return type == PartitionTableType::gpt ? "GPT" : "MBR";
}

void require_table(const DiskLabel& label, const PlannedDisk& layout,
                   const ExistingDisk& existing) {
  if (label.type() != layout.table) {
    throw Error(ErrorKind::build, fmt::format("'{}' has no {} partition table",
                                              existing.file.string(), name_of(layout.table)));
  }
  if (label.id() != existing.id) {
    throw Error(ErrorKind::build, fmt::format("'{}' has the disk id '{}', not '{}' as planned",
                                              existing.file.string(), label.id(), existing.id));
  }
}

void change(DiskLabel& label, const PlannedDisk& layout, const PlannedPartition& planned) {
  const auto entry = label.entry(planned.number);
  if (!entry || entry->start != planned.start || entry->size != planned.base->size) {
    throw Error(
        ErrorKind::build,
        fmt::format("partition '{}' is not where it was planned: {} bytes at {}",
                    partition_name(planned), planned.base->size.count, planned.start.count));
  }
  if (entry->size != planned.size) label.resize(planned);
  if (layout.table == PartitionTableType::gpt && entry->uuid != planned.uuid) {
    label.set_uuid(planned);
  }
}

}  // namespace

void change_partition_table(int fd, const PlannedDisk& layout, const ExistingDisk& existing) {
  DiskLabel label(fd);
  require_table(label, layout, existing);
  if (layout.id != existing.id) label.set_id(layout.id);
  // First those that are there: one that is added may not take a number or a place of theirs.
  for (const PlannedPartition& partition : layout.partitions) {
    if (partition.base) change(label, layout, partition);
  }
  for (const PlannedPartition& partition : layout.partitions) {
    if (!partition.base) label.add(partition);
  }
  if (label.changed()) label.write();
}

}  // namespace composer::disk
