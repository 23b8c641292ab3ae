#pragma once

#include <string>

#include "composer/plan.h"

namespace composer::tree {

/// Where the boot loader finds /boot: a filesystem, and a path in it.
struct BootPlace {
  const PlannedFilesystem* filesystem = nullptr;
  std::string prefix;  ///< Before `/vmlinuz-…`: `/boot`, or empty where /boot is a filesystem.
};

/// @throws Error  when the plan has no root filesystem.
BootPlace boot_place(const Plan& plan);

/// The ESP, or null when the disk has none that is mounted.
const PlannedPartition* mounted_esp(const Plan& plan);

bool boots_by_uefi(const Plan& plan);
bool boots_by_bios(const Plan& plan);

/// `root=UUID=… ` and the rest of the kernel command line.
std::string full_kernel_command_line(const PlannedBoot& boot);

}  // namespace composer::tree
