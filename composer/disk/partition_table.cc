#include "composer/disk/partition_table.h"

#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <libfdisk/libfdisk.h>

#include "composer/base/handle.h"
#include "composer/disk/mount_order.h"
#include "composer/error.h"

namespace composer::disk {
namespace {

using Context = Handle<fdisk_context, fdisk_unref_context>;
using Partition = Handle<fdisk_partition, fdisk_unref_partition>;
using PartitionType = Handle<fdisk_parttype, fdisk_unref_parttype>;

constexpr std::uint64_t kSector = 512;

/// libfdisk's calls return 0, or a negative errno; a few return other positive numbers.
void check(int result, std::string_view what) {
  if (result == 0) return;
  throw Error(ErrorKind::build,
              fmt::format("cannot {}: {}", what,
                          result < 0 ? std::strerror(-result) : "libfdisk refused it"));
}

PartitionType type_of(const fdisk_label* label, const PlannedDisk& layout,
                      const PlannedPartition& partition) {
  fdisk_parttype* type =
      layout.table == PartitionTableType::gpt
          ? fdisk_label_get_parttype_from_string(label, partition.type_id.c_str())
          : fdisk_label_get_parttype_from_code(
                label, static_cast<unsigned>(std::stoul(partition.type_id, nullptr, 16)));
  if (!type) {
    // A type that this libfdisk has no name for is as good.
    type = layout.table == PartitionTableType::gpt
               ? fdisk_new_unknown_parttype(0, partition.type_id.c_str())
               : fdisk_new_unknown_parttype(
                     static_cast<unsigned>(std::stoul(partition.type_id, nullptr, 16)), nullptr);
  }
  return PartitionType(type);
}

void add(fdisk_context* context, const PlannedDisk& layout, const PlannedPartition& planned) {
  const Partition partition(fdisk_new_partition());
  const PartitionType type = type_of(fdisk_get_label(context, nullptr), layout, planned);
  if (!partition || !type) throw Error(ErrorKind::build, "cannot make a partition: out of memory");
  fdisk_partition* raw = partition.get();
  const std::string what = fmt::format("add partition '{}'", planned.label);
  const auto number = static_cast<std::size_t>(planned.number) - 1;
  check(fdisk_partition_set_partno(raw, number), what);
  check(fdisk_partition_set_start(raw, planned.start.count / kSector), what);
  check(fdisk_partition_set_size(raw, planned.size.count / kSector), what);
  check(fdisk_partition_set_type(raw, type.get()), what);
  if (layout.table == PartitionTableType::gpt) {
    check(fdisk_partition_set_name(raw, planned.label.c_str()), what);
    check(fdisk_partition_set_uuid(raw, planned.uuid.c_str()), what);
  }
  std::size_t given = 0;
  check(fdisk_add_partition(context, raw, &given), what);

  fdisk_partition* seen_raw = nullptr;
  check(fdisk_get_partition(context, given, &seen_raw), what);
  const Partition seen(seen_raw);
  if (given != number || fdisk_partition_get_start(seen.get()) != planned.start.count / kSector ||
      fdisk_partition_get_size(seen.get()) != planned.size.count / kSector) {
    throw Error(ErrorKind::build, fmt::format("libfdisk moved partition '{}' to {} sectors at {}",
                                              planned.label, fdisk_partition_get_size(seen.get()),
                                              fdisk_partition_get_start(seen.get())));
  }
}

void mark_active(fdisk_context* context, const PlannedDisk& layout) {
  const PlannedPartition* active = nullptr;
  for (const PlannedMount& mount : in_mount_order(layout)) {
    // `/` comes first.
    if (mount.path == "/" || mount.path == "/boot") active = mount.partition;
  }
  if (!active) return;
  check(fdisk_toggle_partition_flag(context, static_cast<std::size_t>(active->number) - 1,
                                    DOS_FLAG_ACTIVE),
        fmt::format("mark partition '{}' active", active->label));
}

}  // namespace

void write_partition_table(int fd, const PlannedDisk& layout) {
  fdisk_init_debug(0);
  const Context context(fdisk_new_context());
  if (!context) throw Error(ErrorKind::build, "cannot start libfdisk: out of memory");
  fdisk_context* raw = context.get();
  check(fdisk_disable_dialogs(raw, 1), "start libfdisk");
  check(fdisk_assign_device_by_fd(raw, fd, "disk", 0), "open the disk with libfdisk");
  if (fdisk_get_sector_size(raw) != kSector) {
    throw Error(ErrorKind::build, fmt::format("the disk has sectors of {} bytes, not {}",
                                              fdisk_get_sector_size(raw), kSector));
  }
  const bool gpt = layout.table == PartitionTableType::gpt;
  check(fdisk_create_disklabel(raw, gpt ? "gpt" : "dos"), "make a partition table");
  check(fdisk_set_disklabel_id_from_string(raw, layout.id.c_str()), "set the disk's id");
  for (const PlannedPartition& partition : layout.partitions) add(raw, layout, partition);
  if (!gpt) mark_active(raw, layout);
  check(fdisk_write_disklabel(raw), "write the partition table");
  check(fdisk_deassign_device(raw, 1), "close the disk");
}

}  // namespace composer::disk
