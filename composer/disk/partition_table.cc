#include "composer/disk/partition_table.h"

#include "composer/disk/disk_label.h"
#include "composer/disk/mount_order.h"

namespace composer::disk {
namespace {

void mark_active(DiskLabel& label, const PlannedDisk& layout) {
  const PlannedPartition* active = nullptr;
  for (const PlannedMount& mount : in_mount_order(layout)) {
    // `/` comes first.
    if (mount.path == "/" || mount.path == "/boot") active = mount.partition;
  }
  if (active) label.mark_active(*active);
}

}  // namespace

void write_partition_table(int fd, const PlannedDisk& layout) {
  DiskLabel label(fd);
  label.create(layout.table);
  label.set_id(layout.id);
  for (const PlannedPartition& partition : layout.partitions) label.add(partition);
  if (layout.table == PartitionTableType::mbr) mark_active(label, layout);
  label.write();
}

}  // namespace composer::disk
