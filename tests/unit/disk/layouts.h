#pragma once

#include "composer/blueprint.h"
#include "composer/plan.h"

// Small layouts for the tests of disks, made as plan_disk makes them (which is tested elsewhere).

namespace composer::test {

inline PlannedPartition partition(std::string label, PartitionType type, std::string type_id,
                                  std::string uuid, Bytes size) {
  PlannedPartition made;
  made.label = std::move(label);
  made.type = type;
  made.type_id = std::move(type_id);
  made.uuid = std::move(uuid);
  made.size = size;
  return made;
}

inline PlannedPartition with(PlannedPartition made, FilesystemType type, std::string uuid,
                             std::string label, std::string mount) {
  made.filesystem =
      PlannedFilesystem{type, std::move(label), std::move(uuid), std::move(mount), {}, {}};
  return made;
}

/// Partitions one after the other from 1 MiB, on a disk that ends 1 MiB after the last.
inline PlannedDisk disk_of(PartitionTableType table, std::string id,
                           std::vector<PlannedPartition> partitions) {
  PlannedDisk disk;
  disk.table = table;
  disk.id = std::move(id);
  Bytes start = MiB(1);
  for (std::size_t i = 0; i < partitions.size(); ++i) {
    partitions[i].number = static_cast<int>(i) + 1;
    partitions[i].start = start;
    start += partitions[i].size;
  }
  disk.partitions = std::move(partitions);
  disk.size = start + MiB(1);
  return disk;
}

inline PlannedPartition esp(Bytes size = MiB(40)) {
  return with(partition("esp", PartitionType::esp, "C12A7328-F81F-11D2-BA4B-00A0C93EC93B",
                        "11111111-0000-8000-8000-000000000001", size),
              FilesystemType::vfat, "1234-ABCD", "ESP", "/boot/efi");
}

inline PlannedPartition root(FilesystemType type, Bytes size) {
  return with(partition("root", PartitionType::root, "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709",
                        "11111111-0000-8000-8000-000000000002", size),
              type, "22222222-0000-8000-8000-000000000002", "root", "/");
}

/// An ESP and a root, both mounted.
inline PlannedDisk esp_and_root(FilesystemType type, Bytes root_size, Bytes esp_size = MiB(40)) {
  return disk_of(PartitionTableType::gpt, "11111111-0000-8000-8000-00000000000d",
                 {esp(esp_size), root(type, root_size)});
}

/// Every filesystem at once, with a partition for BIOS boot code and mount points in mount points.
inline PlannedDisk everything() {
  const std::string data = "0FC63DAF-8483-4772-8E79-3D69D8477DE4";
  return disk_of(
      PartitionTableType::gpt, "11111111-0000-8000-8000-00000000000d",
      {partition("bios", PartitionType::bios_boot, "21686148-6449-6E6F-744E-656564454649",
                 "11111111-0000-8000-8000-000000000003", MiB(1)),
       esp(),
       with(partition("boot", PartitionType::xbootldr, "BC13C2FF-59E6-4262-A352-B275FD6F7172",
                      "11111111-0000-8000-8000-000000000004", MiB(64)),
            FilesystemType::ext4, "22222222-0000-8000-8000-000000000004", "boot", "/boot"),
       with(partition("swap", PartitionType::swap, "0657FD6D-A4AB-43C4-84E5-0933C84B4F4F",
                      "11111111-0000-8000-8000-000000000005", MiB(16)),
            FilesystemType::swap, "22222222-0000-8000-8000-000000000005", "swap", ""),
       with(partition("data", PartitionType::linux_data, data,
                      "11111111-0000-8000-8000-000000000006", MiB(16)),
            FilesystemType::vfat, "0000-0006", "DATA", "/srv/data"),
       with(partition("var", PartitionType::var, "4D21B016-B534-45C2-A9FB-5C16E091FD2D",
                      "11111111-0000-8000-8000-000000000007", MiB(128)),
            FilesystemType::btrfs, "22222222-0000-8000-8000-000000000007", "var", "/var"),
       with(partition("home", PartitionType::home, "933AC7E1-2EB4-4F13-B844-0E14E2AEF915",
                      "11111111-0000-8000-8000-000000000008", MiB(300)),
            FilesystemType::xfs, "22222222-0000-8000-8000-000000000008", "home", "/home"),
       root(FilesystemType::ext4, MiB(200))});
}

/// Four primary partitions of an MBR.
inline PlannedDisk mbr() {
  return disk_of(
      PartitionTableType::mbr, "0xdeadbeef",
      {with(partition("boot", PartitionType::xbootldr, "ea", "deadbeef-01", MiB(32)),
            FilesystemType::ext4, "22222222-0000-8000-8000-000000000004", "boot", "/boot"),
       with(partition("swap", PartitionType::swap, "82", "deadbeef-02", MiB(16)),
            FilesystemType::swap, "22222222-0000-8000-8000-000000000005", "swap", ""),
       with(partition("esp", PartitionType::esp, "ef", "deadbeef-03", MiB(40)),
            FilesystemType::vfat, "1234-ABCD", "ESP", "/boot/efi"),
       with(partition("root", PartitionType::root, "83", "deadbeef-04", MiB(64)),
            FilesystemType::ext4, "22222222-0000-8000-8000-000000000002", "root", "/")});
}

}  // namespace composer::test
