#pragma once

#include <string>
#include <string_view>

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

/// Where an initramfs is put when it is made: beside its kernel where GRUB reads it, else where it
/// waits for what takes it further.
std::string initramfs_path(const Plan& plan, std::string_view kernel);

}  // namespace composer::tree
