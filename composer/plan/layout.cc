#include "composer/plan/layout.h"

#include <algorithm>
#include <fmt/format.h>
#include <string>
#include <utility>

#include "composer/plan/filesystem_limits.h"
#include "composer/plan/identity.h"
#include "composer/plan/layout_rules.h"
#include "composer/plan/partition_types.h"

namespace composer {
namespace {

/// Entries that an MBR has without logical partitions.
constexpr std::size_t kMbrPartitions = 4;
/// Entries that libfdisk gives a GPT. Source: UEFI 2.10, 5.3.1 (16 KiB of entries at least).
constexpr std::size_t kGptPartitions = 128;
/// An MBR counts 512-byte sectors in 32 bits.
constexpr Bytes kMbrEnd = TiB(2);
/// Larger than any disk, and small enough that sums of 128 sizes do not overflow.
constexpr Bytes kLargestDisk = TiB(1024);

Bytes size_or_minimum(const PartitionRequest& partition) {
  if (partition.size) return std::min(**partition.size, kLargestDisk);
  const Bytes filesystem =
      partition.filesystem ? smallest_filesystem(*partition.filesystem->type) : kPartitionGrain;
  const Bytes asked = partition.minimum_size ? **partition.minimum_size : kPartitionGrain;
  return std::max({filesystem, std::min(asked, kLargestDisk), kPartitionGrain});
}

Span place_of_size(const PartitionRequest& partition) {
  if (partition.size) return partition.size->at;
  return partition.minimum_size ? partition.minimum_size->at : partition.at;
}

Bytes end_of_partitions(const DiskRequest& disk) {
  // GPT: the backup header is the last sector, its entries are the 32 before it.
  return *disk.table == PartitionTableType::gpt ? *disk.size - kPartitionGrain : *disk.size;
}

/// Sizes that are whole MiB and countable; false when arithmetic on them makes no sense.
bool check_sizes(const DiskRequest& disk, Diagnostics& problems) {
  const std::size_t before = problems.problems().size();
  if (disk.size->count % kPartitionGrain.count != 0) {
    problems.report(disk.size.at,
                    fmt::format("the disk's size of {} bytes is not a whole number of MiB, and "
                                "Azure refuses such a disk",
                                disk.size->count));
  } else if (*disk.size < MiB(4)) {
    problems.report(disk.size.at, fmt::format("a disk of {} is too small for any partition",
                                              to_text(*disk.size)));
  } else if (*disk.size > kLargestDisk) {
    problems.report(disk.size.at, fmt::format("a disk of {} is larger than {}", to_text(*disk.size),
                                              to_text(kLargestDisk)));
  }
  const std::size_t entries =
      *disk.table == PartitionTableType::gpt ? kGptPartitions : kMbrPartitions;
  if (disk.partitions.size() > entries) {
    problems.report(
        disk.partitions[entries].at,
        fmt::format("partition '{}' is one too many: {} table holds {} partitions",
                    *disk.partitions[entries].label,
                    *disk.table == PartitionTableType::gpt ? "a GPT" : "an MBR", entries),
        *disk.table == PartitionTableType::mbr ? "write table: gpt; logical partitions are not made"
                                               : "");
  }
  for (std::size_t i = 0; i < disk.partitions.size(); ++i) {
    const PartitionRequest& partition = disk.partitions[i];
    if (!partition.size) {
      if (i + 1 < disk.partitions.size()) {
        problems.report(partition.at,
                        fmt::format("partition '{}' takes the rest of the disk, so it "
                                    "must be the last",
                                    *partition.label));
      }
    } else if (partition.size->value.count == 0) {
      problems.report(partition.size->at,
                      fmt::format("partition '{}' has a size of nothing", *partition.label));
    } else if (partition.size->value.count % kPartitionGrain.count != 0) {
      problems.report(
          partition.size->at,
          fmt::format("the size of partition '{}' is not a whole number of MiB", *partition.label));
    }
  }
  return problems.problems().size() == before;
}

/// What makes a disk large enough, as a hint.
std::string larger_disk(const DiskRequest& disk) {
  Bytes needed = kPartitionGrain;
  if (*disk.table == PartitionTableType::gpt) needed += kPartitionGrain;
  for (const PartitionRequest& partition : disk.partitions) needed += size_or_minimum(partition);
  return fmt::format("all partitions together need a disk of at least {} MiB",
                     round_up(needed, kPartitionGrain).count >> 20);
}

/// Byte ranges, one after the other. Reports the first partition that does not fit: what comes
/// after it would only repeat the complaint.
void place(const DiskRequest& disk, PlannedDisk& planned, Diagnostics& problems) {
  const Bytes end = end_of_partitions(disk);
  Bytes start = kPartitionGrain;
  for (std::size_t i = 0; i < disk.partitions.size(); ++i) {
    const PartitionRequest& partition = disk.partitions[i];
    const Bytes left = end - start;
    const Bytes needed = size_or_minimum(partition);
    if (needed > left) {
      const bool same_text = to_text(needed) == to_text(left);
      const auto text = [&](Bytes size) {
        if (size.count == 0) return std::string("nothing");
        return same_text ? fmt::format("{} MiB", size.count >> 20) : to_text(size);
      };
      problems.report(place_of_size(partition),
                      fmt::format("partition '{}' needs {}{} but {} is left", *partition.label,
                                  partition.size ? "" : "at least ", text(needed), text(left)),
                      larger_disk(disk));
      return;
    }
    planned.partitions[i].start = start;
    planned.partitions[i].size = partition.size ? **partition.size : left;
    start += planned.partitions[i].size;
    if (*disk.table == PartitionTableType::mbr && start > kMbrEnd) {
      problems.report(partition.size ? partition.size->at : partition.at,
                      fmt::format("partition '{}' ends after 2 TiB, where an MBR cannot reach",
                                  *partition.label),
                      "write table: gpt");
      return;
    }
    if (const Bytes largest =
            partition.filesystem ? largest_filesystem(*partition.filesystem->type) : Bytes{0};
        !partition.size && largest.count != 0 && left > largest) {
      problems.report(
          partition.at,
          fmt::format("partition '{}' would get {}, too large for {}, which stays below {}",
                      *partition.label, to_text(left), to_text(*partition.filesystem->type),
                      to_text(largest + kPartitionGrain)));
    }
  }
}

std::string upper_case(std::string text) {
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

PlannedFilesystem plan_filesystem(const PartitionRequest& partition, std::string_view seed) {
  const FilesystemRequest& request = *partition.filesystem;
  PlannedFilesystem filesystem;
  filesystem.type = *request.type;
  filesystem.uuid = planned_filesystem_uuid(filesystem.type, *partition.label, seed);
  if (filesystem.type == FilesystemType::vfat) {
    // FAT stores labels in capitals; a lower-case one is not found again by some systems.
    filesystem.label = request.label ? **request.label : upper_case(*partition.label);
  } else {
    filesystem.label = request.label ? **request.label : *partition.label;
  }
  if (request.mount) filesystem.mount = **request.mount;
  for (const auto& option : request.mount_options) filesystem.mount_options.push_back(*option);
  const bool holds_boot_loader =
      *partition.type == PartitionType::esp || *partition.type == PartitionType::xbootldr;
  if (filesystem.type == FilesystemType::vfat && holds_boot_loader &&
      filesystem.mount_options.empty()) {
    // FAT has no owners: without a mask any user could read the random seed, and what lies in an
    // ESP is nothing to be run. These are the options of Azure Linux 4.0's official images.
    filesystem.mount_options = {"defaults", "umask=0077", "noexec",
                                "nodev",    "nosuid",     "nosymfollow"};
  }
  for (const auto& option : request.mkfs_options) filesystem.mkfs_options.push_back(*option);
  for (const SubvolumeRequest& asked : request.subvolumes) {
    PlannedSubvolume& subvolume = filesystem.subvolumes.emplace_back();
    subvolume.name = *asked.name;
    if (asked.mount) subvolume.mount = **asked.mount;
    for (const auto& option : asked.mount_options) subvolume.mount_options.push_back(*option);
  }
  std::sort(filesystem.subvolumes.begin(), filesystem.subvolumes.end(),
            [](const PlannedSubvolume& a, const PlannedSubvolume& b) {
              return std::pair(a.mount, a.name) < std::pair(b.mount, b.name);
            });
  if (request.compression) filesystem.compression = **request.compression;
  return filesystem;
}

void identify(const DiskRequest& disk, Architecture arch, std::string_view seed,
              PlannedDisk& planned) {
  planned.id = planned_disk_id(planned.table, seed);
  for (std::size_t i = 0; i < disk.partitions.size(); ++i) {
    PlannedPartition& partition = planned.partitions[i];
    const auto [start, size] = std::pair(partition.start, partition.size);
    partition = plan_partition(disk.partitions[i], static_cast<int>(i) + 1, planned, arch, seed);
    partition.start = start;
    partition.size = size;
  }
}

}  // namespace

std::string planned_disk_id(PartitionTableType table, std::string_view seed) {
  return table == PartitionTableType::gpt ? derived_uuid(seed, "disk")
                                          : fmt::format("0x{:08x}", derived_id(seed, "disk"));
}

std::string planned_partition_uuid(const PlannedDisk& disk, const std::string& label, int number,
                                   std::string_view seed) {
  return disk.table == PartitionTableType::gpt
             ? derived_uuid(seed, "partition:" + label)
             : fmt::format("{}-{:02x}", disk.id.substr(2), number);
}

std::string planned_filesystem_uuid(FilesystemType type, const std::string& label,
                                    std::string_view seed) {
  const std::string purpose = "filesystem:" + label;
  if (type != FilesystemType::vfat) return derived_uuid(seed, purpose);
  const std::uint32_t id = derived_id(seed, purpose);
  return fmt::format("{:04X}-{:04X}", id >> 16, id & 0xffff);
}

PlannedPartition plan_partition(const PartitionRequest& request, int number,
                                const PlannedDisk& disk, Architecture arch, std::string_view seed) {
  PlannedPartition partition;
  partition.number = number;
  partition.label = *request.label;
  partition.type = *request.type;
  partition.type_id = partition_type_id(disk.table, *request.type, arch);
  partition.uuid = planned_partition_uuid(disk, partition.label, number, seed);
  partition.grow = request.grow && **request.grow;
  if (request.filesystem) partition.filesystem = plan_filesystem(request, seed);
  return partition;
}

PlannedDisk plan_disk(const DiskRequest& disk, const BootRequest& boot, Architecture arch,
                      std::string_view seed) {
  Diagnostics problems;
  PlannedDisk planned;
  planned.table = *disk.table;
  planned.size = *disk.size;
  planned.partitions.resize(disk.partitions.size());

  const bool countable = check_sizes(disk, problems);
  if (countable) place(disk, planned, problems);
  check_mounts(disk, problems);
  check_filesystems(disk, problems);
  check_root_flags(disk, boot, problems);
  check_firmware(disk, boot, arch, problems);
  problems.throw_if_any();

  identify(disk, arch, seed, planned);
  return planned;
}

}  // namespace composer
