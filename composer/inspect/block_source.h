#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "composer/units.h"

// Disk images of any format we know, as the disk that a guest would see. Nothing is written,
// mounted or executed, and no privilege is needed. Images are hostile: every size and offset is
// checked against the file before it is used, and memory does not grow with what an image claims.

namespace composer::inspect {

/// A run of a disk's bytes; never empty.
struct DataRun {
  std::uint64_t start = 0, length = 0;

  std::uint64_t end() const { return start + length; }
};

/// Random access to a disk, or to a part of one. Holes read as zeros. Not for several threads.
class BlockSource {
 public:
  virtual ~BlockSource() = default;

  virtual Bytes size() const = 0;
  /// The first run at or after `from` that may hold data, or nothing when the rest reads as zeros.
  /// It ends where the data may end, or earlier: the next call goes on from there. Reads tables
  /// only, so that a disk of many TiB with little in it is walked at once.
  /// @throws Error  when the tables cannot be read.
  virtual std::optional<DataRun> next_data(std::uint64_t from) const {
    if (from >= size().count) return std::nullopt;
    return DataRun{from, size().count - from};
  }
  /// Fills `into` with the bytes from `offset` on.
  /// @throws Error  when the range is not inside the disk, or what is there cannot be read.
  virtual void read(std::uint64_t offset, std::span<std::byte> into) const = 0;
};

/// `length` bytes from `offset` on, as text.
std::string read_text(const BlockSource& disk, std::uint64_t offset, std::size_t length);

/// A part of a disk, which must outlive it. @throws Error  when it reaches past the disk's end.
std::unique_ptr<BlockSource> part_of(const BlockSource& disk, Bytes offset, Bytes size);

enum class ContainerFormat { raw, vhd_fixed, vhd_dynamic, vhdx, qcow2 };

/// `raw`, `fixed VHD`, `dynamic VHD`, `VHDX`, `qcow2`.
std::string_view to_text(ContainerFormat format);

/// A VHD footer as it was read, right or wrong.
/// Source: Virtual Hard Disk Image Format Specification 1.0, "Hard Disk Footer Format".
struct VhdFooterFacts {
  std::string bytes;                  ///< All 512 of them.
  std::uint32_t features = 0;         ///< Bit 1 is to be set always.
  std::uint32_t version = 0;          ///< 0x00010000.
  std::uint64_t data_offset = 0;      ///< All ones in a fixed disk.
  std::uint32_t made = 0;             ///< Seconds since 2000-01-01 00:00 UTC.
  std::string creator_app;            ///< Four characters: `win `, `qem2`, `vpc `, …
  std::uint32_t creator_version = 0;  ///< Major and minor, 16 bits each.
  std::string creator_os;             ///< Four characters: `Wi2k`.
  Bytes original_size, current_size;
  std::uint16_t cylinders = 0;
  std::uint8_t heads = 0, sectors = 0;
  std::uint32_t disk_type = 0;  ///< 2 fixed, 3 dynamic, 4 differencing.
  std::uint32_t checksum = 0;
  bool checksum_right = false;
  std::string uuid;  ///< Lower case, with hyphens.
  bool saved_state = false;
  /// Dynamic disks: the copy at the beginning of the file is the same.
  std::optional<bool> copy_is_same;
};

/// What a disk image's file says about itself.
struct ContainerFacts {
  ContainerFormat format = ContainerFormat::raw;
  Bytes file_size;     ///< Length, holes included.
  Bytes virtual_size;  ///< Of the disk in it.
  std::optional<VhdFooterFacts> vhd;
  std::uint32_t qcow2_version = 0;     ///< 2 or 3; zero for other formats.
  std::string compression;             ///< qcow2: `zlib` or `zstd`, else empty.
  Bytes block_size;                    ///< Of dynamic VHD, VHDX and qcow2 (cluster).
  std::uint32_t logical_sector = 512;  ///< Bytes; 512 or 4096 (VHDX).
  /// What is odd but did not keep the disk from being read, in words.
  std::vector<std::string> problems;
};

/// A disk image, open.
struct DiskImage {
  ContainerFacts facts;
  std::unique_ptr<BlockSource> disk;
};

/// Opens a disk image: raw, VHD (fixed, dynamic), VHDX, qcow2 (version 2 and 3). Its format is what
/// its content says, whatever its name.
///
/// @throws Error  when it cannot be read, contradicts itself, needs a second file (backing file,
///                external data, differencing disk: never followed), is encrypted, or has a log
///                that is to be replayed first (VHDX).
DiskImage open_disk_image(const std::filesystem::path& path);

}  // namespace composer::inspect
