#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "composer/units.h"

// The structures of a dynamic VHDX as this project writes it: no log to replay, no parent.
// docs/formats/vhdx.md has the fields and a worked example. Source: [MS-VHDX] 8.0.

namespace composer::image::vhdx {

inline constexpr std::uint64_t kMebi = 1 << 20;
/// The format's end.
inline constexpr Bytes kLargestDisk = TiB(64);

// Where things lie in the file; a region begins at a whole MiB.
inline constexpr std::uint64_t kIdentifierAt = 0;
inline constexpr std::uint64_t kHeaderAt[] = {64 << 10, 128 << 10};
inline constexpr std::uint64_t kRegionTableAt[] = {192 << 10, 256 << 10};
inline constexpr std::uint64_t kLogAt = kMebi;
inline constexpr std::uint64_t kMetadataAt = 2 * kMebi;
inline constexpr std::uint64_t kBatAt = 3 * kMebi;

/// What the structures depend on.
struct Parameters {
  std::uint64_t disk_size = 0;
  std::uint32_t logical_sector = 512;   ///< 512 or 4096.
  std::uint32_t physical_sector = 512;  ///< 512 or 4096, at least the logical one.
  std::uint32_t block_size = kMebi;     ///< A power of two, 1 to 256 MiB.
  std::string_view disk_id{};           ///< UUIDs of 36 characters, as derived_uuid writes them.
  std::string_view file_write_id{};
  std::string_view data_write_id{};

  std::uint64_t blocks() const { return (disk_size + block_size - 1) / block_size; }
  /// Blocks after whose entries the table has one of a sector bitmap, which only disks with a
  /// parent use. Source: 2.5, "chunk ratio".
  std::uint64_t chunk_ratio() const {
    return (std::uint64_t{1} << 23) * logical_sector / block_size;
  }
  /// Where a block's entry is in the block allocation table.
  std::uint64_t bat_index(std::uint64_t block) const { return block + block / chunk_ratio(); }
  /// Of the BAT's region: whole MiB.
  std::uint64_t bat_size() const;
  /// Where the first block can lie.
  std::uint64_t payload_at() const { return kBatAt + bat_size(); }
};

/// The block size for a disk: 1 MiB, which Microsoft recommends for Linux guests, whose filesystems
/// scatter what they write; doubled from 2 TiB on with the disk, so that the table stays at 16 MiB.
/// Source: Microsoft, "Best practices for running Linux on Hyper-V".
std::uint32_t block_size_for(std::uint64_t disk_size);

std::string encode_identifier();
/// @param sequence  The header with the larger number counts.
std::string encode_header(const Parameters& parameters, std::uint64_t sequence);
std::string encode_region_table(const Parameters& parameters);
/// The metadata table and its items: what the region holds before zeros.
std::string encode_metadata(const Parameters& parameters);

/// The entry of a block that lies at `offset`, a whole MiB. An absent block's is zero.
constexpr std::uint64_t bat_entry(std::uint64_t offset) {
  constexpr std::uint64_t kFullyPresent = 6;  // 2.5.1.1
  return offset | kFullyPresent;
}

/// A GUID's 16 bytes on disk: its first three fields are little-endian.
std::string guid_bytes(std::string_view text);

}  // namespace composer::image::vhdx
