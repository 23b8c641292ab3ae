#include "composer/disk/disk_label.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fmt/format.h>
#include <memory>

#include "composer/disk/partition_name.h"
#include "composer/error.h"

namespace composer::disk {
namespace {

using Partition = Handle<fdisk_partition, fdisk_unref_partition>;
using PartitionTypeHandle = Handle<fdisk_parttype, fdisk_unref_parttype>;

constexpr std::uint64_t kSector = 512;

/// libfdisk's calls return 0, or a negative errno; a few return other positive numbers.
void check(int result, std::string_view what) {
  if (result == 0) return;
  throw Error(ErrorKind::build,
              fmt::format("cannot {}: {}", what,
                          result < 0 ? std::strerror(-result) : "libfdisk refused it"));
}

std::string lower_case(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

std::size_t index_of(int number) {
  return static_cast<std::size_t>(number) - 1;
}

PartitionTypeHandle type_of(const fdisk_label* label, PartitionTableType table,
                            const PlannedPartition& partition) {
  const bool gpt = table == PartitionTableType::gpt;
  const unsigned code = gpt ? 0 : static_cast<unsigned>(std::stoul(partition.type_id, nullptr, 16));
  fdisk_parttype* type =
      gpt ? fdisk_label_get_parttype_from_string(label, partition.type_id.c_str())
          : fdisk_label_get_parttype_from_code(label, code);
  // A type that this libfdisk has no name for is as good.
  if (!type) type = fdisk_new_unknown_parttype(code, gpt ? partition.type_id.c_str() : nullptr);
  return PartitionTypeHandle(type);
}

Partition new_partition() {
  Partition partition(fdisk_new_partition());
  if (!partition) throw Error(ErrorKind::build, "cannot make a partition: out of memory");
  return partition;
}

}  // namespace

DiskLabel::DiskLabel(int fd) {
  fdisk_init_debug(0);
  context_ = Handle<fdisk_context, fdisk_unref_context>(fdisk_new_context());
  if (!context_) throw Error(ErrorKind::build, "cannot start libfdisk: out of memory");
  fdisk_context* raw = context_.get();
  check(fdisk_disable_dialogs(raw, 1), "start libfdisk");
  check(fdisk_assign_device_by_fd(raw, fd, "disk", 0), "open the disk with libfdisk");
  if (fdisk_get_sector_size(raw) != kSector) {
    throw Error(ErrorKind::build, fmt::format("the disk has sectors of {} bytes, not {}",
                                              fdisk_get_sector_size(raw), kSector));
  }
}

void DiskLabel::create(PartitionTableType type) {
  check(fdisk_create_disklabel(context_.get(), type == PartitionTableType::gpt ? "gpt" : "dos"),
        "make a partition table");
}

std::optional<PartitionTableType> DiskLabel::type() const {
  if (fdisk_is_labeltype(context_.get(), FDISK_DISKLABEL_GPT)) return PartitionTableType::gpt;
  if (fdisk_is_labeltype(context_.get(), FDISK_DISKLABEL_DOS)) return PartitionTableType::mbr;
  return std::nullopt;
}

std::string DiskLabel::id() const {
  char* text = nullptr;
  check(fdisk_get_disklabel_id(context_.get(), &text), "read the disk's id");
  const std::unique_ptr<char, decltype(&std::free)> owned(text, std::free);
  return lower_case(text ? text : "");
}

void DiskLabel::set_id(const std::string& id) {
  check(fdisk_set_disklabel_id_from_string(context_.get(), id.c_str()), "set the disk's id");
}

std::optional<LabelEntry> DiskLabel::entry(int number) const {
  if (number < 1 || index_of(number) >= fdisk_get_npartitions(context_.get()) ||
      !fdisk_is_partition_used(context_.get(), index_of(number))) {
    return std::nullopt;
  }
  fdisk_partition* found = nullptr;
  check(fdisk_get_partition(context_.get(), index_of(number), &found),
        fmt::format("read partition {}", number));
  const Partition partition(found);
  const char* uuid = fdisk_partition_get_uuid(found);
  return LabelEntry{{fdisk_partition_get_start(found) * kSector},
                    {fdisk_partition_get_size(found) * kSector},
                    lower_case(uuid ? uuid : "")};
}

void DiskLabel::add(const PlannedPartition& planned) {
  const Partition partition = new_partition();
  fdisk_partition* raw = partition.get();
  const auto table = type();
  if (!table) throw Error(ErrorKind::build, "the disk has no partition table");
  const std::string what = fmt::format("add partition '{}'", partition_name(planned));
  const PartitionTypeHandle kind =
      type_of(fdisk_get_label(context_.get(), nullptr), *table, planned);
  if (!kind) throw Error(ErrorKind::build, "cannot make a partition: out of memory");
  check(fdisk_partition_set_partno(raw, index_of(planned.number)), what);
  check(fdisk_partition_set_start(raw, planned.start.count / kSector), what);
  check(fdisk_partition_set_size(raw, planned.size.count / kSector), what);
  check(fdisk_partition_set_type(raw, kind.get()), what);
  if (*table == PartitionTableType::gpt) {
    check(fdisk_partition_set_name(raw, planned.label.c_str()), what);
    check(fdisk_partition_set_uuid(raw, planned.uuid.c_str()), what);
  }
  std::size_t given = 0;
  check(fdisk_add_partition(context_.get(), raw, &given), what);
  if (given != index_of(planned.number)) {
    throw Error(ErrorKind::build, fmt::format("libfdisk made partition '{}' number {}, not {}",
                                              partition_name(planned), given + 1, planned.number));
  }
  expect(planned);
}

void DiskLabel::resize(const PlannedPartition& planned) {
  const Partition partition = new_partition();
  const std::string what = fmt::format("resize partition '{}'", partition_name(planned));
  check(fdisk_partition_set_size(partition.get(), planned.size.count / kSector), what);
  check(fdisk_set_partition(context_.get(), index_of(planned.number), partition.get()), what);
  expect(planned);
}

void DiskLabel::set_uuid(const PlannedPartition& planned) {
  const Partition partition = new_partition();
  const std::string what =
      fmt::format("set the identity of partition '{}'", partition_name(planned));
  check(fdisk_partition_set_uuid(partition.get(), planned.uuid.c_str()), what);
  check(fdisk_set_partition(context_.get(), index_of(planned.number), partition.get()), what);
  expect(planned);
}

void DiskLabel::mark_active(const PlannedPartition& planned) {
  check(fdisk_toggle_partition_flag(context_.get(), index_of(planned.number), DOS_FLAG_ACTIVE),
        fmt::format("mark partition '{}' active", partition_name(planned)));
}

bool DiskLabel::changed() const {
  return fdisk_label_is_changed(fdisk_get_label(context_.get(), nullptr)) != 0;
}

void DiskLabel::write() {
  check(fdisk_write_disklabel(context_.get()), "write the partition table");
  check(fdisk_deassign_device(context_.get(), 1), "close the disk");
}

/// libfdisk moves what it finds unaligned, without a word.
void DiskLabel::expect(const PlannedPartition& planned) const {
  const auto seen = entry(planned.number);
  if (seen && seen->start == planned.start && seen->size == planned.size) return;
  throw Error(
      ErrorKind::build,
      fmt::format("libfdisk moved partition '{}' to {} sectors at {}", partition_name(planned),
                  seen ? seen->size.count / kSector : 0, seen ? seen->start.count / kSector : 0));
}

}  // namespace composer::disk
