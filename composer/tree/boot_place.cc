#include "composer/tree/boot_place.h"

#include "composer/error.h"

namespace composer::tree {

BootPlace boot_place(const Plan& plan) {
  const PlannedFilesystem* top = nullptr;
  for (const PlannedPartition& partition : plan.disk.partitions) {
    if (!partition.filesystem) continue;
    if (partition.filesystem->mount == "/boot") return {&*partition.filesystem, ""};
    if (partition.filesystem->mount == "/") top = &*partition.filesystem;
  }
  if (!top) throw Error(ErrorKind::usage, "the disk has no filesystem mounted at '/'");
  return {top, "/boot"};
}

const PlannedPartition* mounted_esp(const Plan& plan) {
  for (const PlannedPartition& partition : plan.disk.partitions) {
    if (partition.type == PartitionType::esp && partition.filesystem &&
        !partition.filesystem->mount.empty()) {
      return &partition;
    }
  }
  return nullptr;
}

bool boots_by_uefi(const Plan& plan) {
  return plan.has_disk() && plan.boot.firmware != Firmware::bios;
}

bool boots_by_bios(const Plan& plan) {
  return plan.has_disk() && plan.boot.firmware != Firmware::uefi;
}

std::string full_kernel_command_line(const PlannedBoot& boot) {
  if (boot.kernel_command_line.empty()) return boot.root_argument;
  return boot.root_argument + " " + boot.kernel_command_line;
}

}  // namespace composer::tree
