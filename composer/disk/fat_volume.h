#pragma once

#include <cstdint>
#include <string_view>

#include "composer/disk/fat_source.h"
#include "composer/units.h"

namespace composer::disk {

/// Where a FAT16 or FAT32 filesystem has what, from its boot sector.
/// Source: Microsoft FAT Specification 1.03, "Boot sector and BPB".
struct FatGeometry {
  bool fat32 = false;
  Bytes cluster;               ///< Bytes per cluster.
  Bytes fat, fat_size;         ///< Offset of the first table, size of each.
  std::uint32_t fats = 0;      ///< Copies of the table.
  Bytes root, root_size;       ///< FAT16: the root directory's fixed place; FAT32: zero.
  Bytes data;                  ///< Offset of cluster 2.
  std::uint32_t clusters = 0;  ///< Numbered from 2.
  Bytes info;                  ///< FAT32: offset of the FSInfo sector.
  Bytes backup_info;           ///< The same of the backup boot sector; zero when there is none.
};

/// @param boot_sector  The first 512 bytes of the volume.
/// @param size         Of the volume.
/// @throws Error  when it is no FAT16 or FAT32 filesystem of that size.
FatGeometry read_fat_geometry(std::string_view boot_sector, Bytes size);

/// Fills a FAT16 or FAT32 filesystem that mkfs.fat has just made, with the files below `directory`:
/// clusters in the order of the names, no gaps, times of the files but none after
/// `source_date_epoch`. The same tree gives the same bytes, whatever the time of day.
///
/// @param volume     Open for reading and writing; the filesystem is its `size` bytes at `offset`.
/// @param directory  What `tree` was scanned from, open.
/// @param shown      Its path in the image; `label` its partition's label: for messages.
/// @throws Error  when the files do not fit (before anything is written), or have changed.
void fill_fat(int volume, Bytes offset, Bytes size, int directory, const FatSource& tree,
              std::int64_t source_date_epoch, std::string_view shown, std::string_view label);

}  // namespace composer::disk
