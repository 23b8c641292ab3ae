#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "composer/inspect/block_source.h"

// What a disk's partition table says, right or wrong: a rule that reports a wrong table needs it
// read, not refused.

namespace composer::inspect {

enum class TableKind { none, mbr, gpt };

struct PartitionFacts {
  int number = 0;     ///< From 1, as Linux counts.
  std::string type;   ///< GPT: lower-case GUID; MBR: two hexadecimal digits, `83`.
  std::string guid;   ///< Lower case; MBR: DISKID-NN. What PARTUUID= means.
  std::string name;   ///< GPT only, UTF-8.
  Bytes start, size;  ///< On the disk; may reach past its end, see `problems` of DiskFacts.
  std::uint64_t attributes = 0;  ///< GPT: bit 2 is "legacy BIOS bootable"; MBR: bit 0 is "active".
};

/// One of the two headers of a GPT. Source: UEFI specification 2.10, 5.3.2.
struct GptHeaderFacts {
  bool present = false;  ///< The signature is there.
  bool header_crc_right = false;
  bool entries_crc_right = false;
  std::uint64_t own_lba = 0, other_lba = 0;
  std::uint64_t first_usable = 0, last_usable = 0;
  std::string disk_guid;  ///< Lower case.
  std::uint64_t entries_lba = 0;
  std::uint32_t entries = 0;  ///< Slots, used or not.
};

struct DiskFacts {
  TableKind kind = TableKind::none;
  Bytes size;
  std::uint32_t sector_size = 512;
  std::string id;                  ///< GPT: disk GUID; MBR: eight hexadecimal digits.
  std::string boot_sector;         ///< The 512 bytes of sector 0.
  bool boot_signature = false;     ///< 0x55 0xAA at its end.
  bool protective_mbr = false;     ///< An entry of type ee.
  GptHeaderFacts primary, backup;  ///< Of a GPT; `backup` as found at the last sector.
  bool backup_at_end = false;      ///< A backup header is at the disk's last sector.
  /// In the order of their numbers; of the primary table where its CRCs are right, else of the
  /// backup where those are, else of the primary.
  std::vector<PartitionFacts> partitions;
  std::vector<std::string> problems;  ///< Everything that is wrong, in words.

  /// True when the first 440 bytes of sector 0 are not all zero.
  bool has_boot_code() const;
};

/// Reads the partition table. What is wrong with it ends up in `problems`.
/// @throws Error  only when the disk itself cannot be read.
DiskFacts read_disk_facts(const BlockSource& disk, std::uint32_t sector_size = 512);

/// What a filesystem's superblock says.
struct FilesystemFacts {
  std::string type;  ///< As blkid(8) has it: `ext4`, `vfat`, `xfs`, `btrfs`, `swap`, …
  std::string uuid;  ///< As blkid(8) prints it: `1234-ABCD` for vfat.
  std::string label;
  int partition = 0;                    ///< Its number; 0 for a filesystem on the whole disk.
  Bytes offset, size;                   ///< Of the partition.
  std::vector<std::string> mounted_at;  ///< Where the image's fstab puts it; `/` first.
  /// Its journal holds changes that are not in place yet: what is read may be old.
  bool needs_recovery = false;
  bool has_errors = false;            ///< Marked so by the kernel.
  std::vector<std::string> features;  ///< ext4: as tune2fs names them, sorted; vfat: `FAT32`.
  std::string problem;                ///< Why it could not be opened; empty when it was.
};

}  // namespace composer::inspect
