#pragma once

#include <memory>

#include "composer/inspect/block_source.h"
#include "composer/inspect/file_tree.h"

namespace composer::inspect {

/// Where a FAT filesystem has what, from its boot sector.
struct FatLayout {
  int bits = 0;                    ///< 12, 16 or 32.
  std::uint32_t cluster = 0;       ///< Bytes.
  std::uint64_t table = 0;         ///< Offset of the first table.
  std::uint64_t root = 0;          ///< FAT12 and FAT16: offset of the root directory.
  std::uint32_t root_size = 0;     ///< FAT12 and FAT16: its bytes.
  std::uint32_t root_cluster = 0;  ///< FAT32.
  std::uint64_t clusters_at = 0;   ///< Offset of cluster 2.
  std::uint32_t clusters = 0;      ///< Numbered from 2.
  std::string uuid;                ///< `1234-ABCD`.
  std::string label;               ///< Of the boot sector; without the spaces at its end.
};

/// @throws Error  when it is no FAT filesystem, or is larger than its volume.
/// Source: Microsoft FAT Specification 1.03, "Boot sector and BPB".
FatLayout read_fat_layout(const BlockSource& volume);

/// Opens a FAT12, FAT16 or FAT32 filesystem with long names for reading. Names are found as Linux
/// finds them, whatever their case. Every file belongs to root with mode 0755.
std::unique_ptr<FileTree> open_fat(std::unique_ptr<BlockSource> volume);

}  // namespace composer::inspect
