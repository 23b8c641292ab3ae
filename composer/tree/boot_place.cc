#include "composer/tree/boot_place.h"

#include <fmt/format.h>
#include <optional>

#include "composer/error.h"

namespace composer::tree {

namespace {

/// What is mounted at `path`: a filesystem, or the folder in it that is its subvolume. A boot
/// loader sees a btrfs from the top, where subvolumes are folders.
std::optional<BootPlace> mounted_at(const Plan& plan, std::string_view path) {
  for (const PlannedPartition& partition : plan.disk.partitions) {
    if (!partition.filesystem) continue;
    const PlannedFilesystem& filesystem = *partition.filesystem;
    if (filesystem.mount == path) return BootPlace{&filesystem, ""};
    for (const PlannedSubvolume& subvolume : filesystem.subvolumes) {
      if (subvolume.mount == path) return BootPlace{&filesystem, "/" + subvolume.name};
    }
  }
  return std::nullopt;
}

}  // namespace

BootPlace boot_place(const Plan& plan) {
  if (const auto boot = mounted_at(plan, "/boot")) return *boot;
  const auto top = mounted_at(plan, "/");
  if (!top) throw Error(ErrorKind::usage, "the disk has no filesystem mounted at '/'");
  return {top->filesystem, top->prefix + "/boot"};
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

std::string initramfs_path(const Plan& plan, std::string_view kernel) {
  // /var/tmp and not /boot, which may be a small filesystem of its own.
  return fmt::format("{}/initramfs-{}.img", plan.boot.loader == Loader::grub ? "/boot" : "/var/tmp",
                     kernel);
}

}  // namespace composer::tree
