#pragma once

#include <string_view>

#include "composer/plan.h"

namespace composer::disk {

/// Writes GRUB's BIOS boot code: `boot_image` (512 bytes) into sector 0 around the partition table,
/// `core_image` into the bios_boot partition (GPT) or the gap before the first partition (MBR),
/// with the sector numbers that grub-bios-setup would patch in.
/// @param fd  The raw disk, open for reading and writing.
/// @throws Error  when an image is not GRUB's, or the core image does not fit.
/// Source: GRUB 2.12, include/grub/i386/pc/boot.h and util/setup.c.
void write_bios_boot_code(int fd, const PlannedDisk& layout, std::string_view boot_image,
                          std::string_view core_image);

}  // namespace composer::disk
