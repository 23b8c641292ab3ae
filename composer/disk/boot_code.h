#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "composer/plan.h"

// GRUB's BIOS boot code without grub-bios-setup, which wants a device that the running kernel has
// mounted. On the disk:
//
//   sector 0            boot.img around the partition table; at 0x5c the sector of core.img
//   sector N            core.img's first sector is diskboot.img: at 0x1f4 it says where the rest is
//   N+1 …               the compressed kernel of GRUB and its modules
//
// N is the start of the bios_boot partition (GPT) or sector 1 (MBR). docs/booting.md has the bytes.

namespace composer::disk {

/// Where a core image goes.
struct CoreArea {
  std::uint64_t sector = 0;  ///< Of 512 bytes.
  Bytes room;
};

/// @throws Error  when the layout has no place for it.
CoreArea core_area(const PlannedDisk& layout);

/// `boot_image` as it belongs into sector 0 of a disk whose sector 0 is `disk_sector` now: with
/// that sector's BIOS parameter block, disk id and partition table, and where the core image
/// starts.
std::string patched_boot_sector(std::string_view boot_image, std::string_view disk_sector,
                                std::uint64_t core_sector);

/// `core_image` as it belongs at `core_sector`: whole sectors, and where its rest is.
/// @throws Error  when it is not GRUB's, does not fit `room`, or is larger than can be loaded.
std::string patched_core_image(std::string_view core_image, std::uint64_t core_sector, Bytes room);

/// Writes GRUB's BIOS boot code: `boot_image` (512 bytes) into sector 0 around the partition table,
/// `core_image` into the bios_boot partition (GPT) or the gap before the first partition (MBR),
/// with the sector numbers that grub-bios-setup would patch in. The core image comes first, so that
/// an interrupted write leaves no boot sector that points at nothing.
/// @param fd  The raw disk, open for reading and writing.
/// @throws Error  when an image is not GRUB's, or the core image does not fit.
/// Source: GRUB 2.12, include/grub/i386/pc/boot.h and util/setup.c.
void write_bios_boot_code(int fd, const PlannedDisk& layout, std::string_view boot_image,
                          std::string_view core_image);

}  // namespace composer::disk
