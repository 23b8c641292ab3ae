#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <fmt/format.h>

#include "composer/inspect/block_runs.h"
#include "composer/inspect/byte_order.h"
#include "composer/inspect/open_format.h"
#include "composer/inspect/recent_blocks.h"

// Source: [MS-VHDX] 8.0: header section 2.2, region table 2.2.3, BAT 2.5, metadata 2.6. All numbers
// are little-endian. Read-only, so the log is never replayed: an image that needs that is refused.

namespace composer::inspect {
namespace {

constexpr std::uint64_t kMebi = 1 << 20;
constexpr std::size_t kHeader = 4096, kRegionTable = 65536, kMetadataTable = 65536;
constexpr std::array<std::uint64_t, 2> kHeaderAt{64 << 10, 128 << 10};
constexpr std::array<std::uint64_t, 2> kRegionTableAt{192 << 10, 256 << 10};
constexpr std::uint32_t kMostEntries = 2047;  ///< Of a region table and of the metadata table.
constexpr std::uint64_t kLargestDisk = TiB(64).count;
constexpr std::size_t kTablePiece = 4096;

constexpr std::string_view kBat = "2dc27766-f623-4200-9d64-115e9bfd4a08";
constexpr std::string_view kMetadata = "8b7ca206-4790-4b9a-b8fe-575f050f886e";
constexpr std::string_view kFileParameters = "caa16737-fa36-4d43-b3b6-33f0aa44e76b";
constexpr std::string_view kDiskSize = "2fa54224-cd1b-4876-b211-5dbed83bf4b8";
constexpr std::string_view kLogicalSector = "8141bf1d-a96f-4709-ba47-f233a8faab5f";
constexpr std::string_view kPhysicalSector = "cda348c7-445d-4471-9cc9-e9885251c556";
constexpr std::string_view kDiskId = "beca12ab-b2e6-4523-93ef-c309e000c746";
constexpr std::string_view kParentLocator = "a8d35f2d-b30b-454d-abf7-d3d84834ab0c";
constexpr std::string_view kNoLog = "00000000-0000-0000-0000-000000000000";

/// CRC-32C (Castagnoli) of `block` with the four bytes at 4 taken as zero.
std::uint32_t checksum(std::string_view block) {
  std::uint32_t crc = 0xffffffff;
  for (std::size_t i = 0; i < block.size(); ++i) {
    crc ^= i >= 4 && i < 8 ? 0U : static_cast<unsigned char>(block[i]);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78U : 0U);
  }
  return ~crc;
}

struct Region {
  std::uint64_t offset = 0, length = 0;
};

class Vhdx final : public BlockSource {
 public:
  explicit Vhdx(std::unique_ptr<ImageFile> file) : file_(std::move(file)) {
    check_header();
    read_regions();
    read_metadata();
    // 2.5: after the entries of so many blocks comes one of a sector bitmap.
    chunk_ = (std::uint64_t{1} << 23) * sector_ / block_;
    const std::uint64_t blocks = (size_.count + block_ - 1) / block_;
    if (blocks > 0 && blocks + (blocks - 1) / chunk_ > bat_.length / 8) {
      file_->refuse(
          fmt::format("its block allocation table is too short for {} bytes of disk", size_.count));
    }
  }

  Bytes size() const override { return size_; }
  std::uint32_t block_size() const { return block_; }
  std::uint32_t sector_size() const { return sector_; }

  std::optional<DataRun> next_data(std::uint64_t from) const override {
    return next_run(from, size_.count, block_, [&](std::uint64_t block) {
      const std::string_view entries = entries_at(block).substr(0, (chunk_ - block % chunk_) * 8);
      return alike_entries(entries, 8, [&](std::size_t at) {
        return is_stored(little_endian<std::uint64_t>(entries, at));
      });
    });
  }

  void read(std::uint64_t offset, std::span<std::byte> into) const override {
    require_within(*this, offset, into.size());
    while (!into.empty()) {
      const std::uint64_t within = offset % block_;
      const std::size_t n = std::min<std::uint64_t>(into.size(), block_ - within);
      read_block(offset / block_, within, into.first(n));
      into = into.subspan(n);
      offset += n;
    }
  }

 private:
  std::string text(std::uint64_t offset, std::size_t length, std::string_view what) const {
    if (!is_within(offset, length, file_->size().count)) {
      file_->refuse(fmt::format("the {} lies outside the file", what));
    }
    return read_text(*file_, offset, length);
  }

  /// 2.2.2: the valid header with the higher sequence number counts.
  void check_header() const {
    std::string current;
    std::uint64_t best = 0;
    for (const std::uint64_t at : kHeaderAt) {
      const std::string header = text(at, kHeader, "VHDX header");
      if (!header.starts_with("head") ||
          little_endian<std::uint32_t>(header, 4) != checksum(header)) {
        continue;
      }
      const auto sequence = little_endian<std::uint64_t>(header, 8);
      if (current.empty() || sequence > best) {
        current = header;
        best = sequence;
      }
    }
    if (current.empty()) file_->refuse("neither of its VHDX headers is right");
    if (const auto version = little_endian<std::uint16_t>(current, 66); version != 1) {
      file_->refuse(fmt::format("its VHDX version {} is unknown", version));
    }
    if (guid_text(std::string_view(current).substr(48, 16)) != kNoLog) {
      file_->refuse("its log holds changes that are not in place: it was not closed properly",
                    "attach it once to Hyper-V, or let qemu-img convert replay the log");
    }
  }

  void read_regions() {
    std::string table;
    for (const std::uint64_t at : kRegionTableAt) {
      table = text(at, kRegionTable, "VHDX region table");
      if (table.starts_with("regi") && little_endian<std::uint32_t>(table, 4) == checksum(table)) {
        break;
      }
      table.clear();
    }
    if (table.empty()) file_->refuse("neither of its VHDX region tables is right");
    const auto count = little_endian<std::uint32_t>(table, 8);
    if (count > kMostEntries) file_->refuse("its VHDX region table claims too many entries");
    for (std::uint32_t i = 0; i < count; ++i) {
      const std::size_t at = 16 + std::size_t{32} * i;
      const std::string guid = guid_text(std::string_view(table).substr(at, 16));
      const Region region{little_endian<std::uint64_t>(table, at + 16),
                          little_endian<std::uint32_t>(table, at + 24)};
      if (guid != kBat && guid != kMetadata) {
        if ((little_endian<std::uint32_t>(table, at + 28) & 1) == 0) continue;
        file_->refuse(fmt::format("it needs the unknown VHDX region {}", guid));
      }
      if (region.offset < kMebi || region.offset % kMebi != 0 || region.length == 0 ||
          !is_within(region.offset, region.length, file_->size().count)) {
        file_->refuse("a VHDX region lies outside the file");
      }
      Region& known = guid == kBat ? bat_ : metadata_;
      if (known.length != 0) file_->refuse("a VHDX region is there twice");
      known = region;
    }
    if (bat_.length == 0 || metadata_.length < kMetadataTable) {
      file_->refuse("a VHDX region that every disk has is missing");
    }
  }

  void read_metadata() {
    const std::string table = text(metadata_.offset, kMetadataTable, "VHDX metadata table");
    if (!table.starts_with("metadata")) file_->refuse("it has no VHDX metadata table");
    const auto count = little_endian<std::uint16_t>(table, 10);
    if (count > kMostEntries) file_->refuse("its VHDX metadata table claims too many entries");
    for (std::uint32_t i = 0; i < count; ++i) {
      const std::size_t at = 32 + std::size_t{32} * i;
      read_item(guid_text(std::string_view(table).substr(at, 16)),
                little_endian<std::uint32_t>(table, at + 16),
                little_endian<std::uint32_t>(table, at + 20),
                (little_endian<std::uint32_t>(table, at + 24) & 4) != 0);
    }
    if (!std::has_single_bit(block_) || block_ < kMebi || block_ > 256 * kMebi) {
      file_->refuse(fmt::format("blocks of {} bytes are not possible", block_));
    }
    if (sector_ != 512 && sector_ != 4096) {
      file_->refuse(fmt::format("sectors of {} bytes are not possible", sector_));
    }
    if (size_.count == 0 || size_.count % sector_ != 0 || size_.count > kLargestDisk) {
      file_->refuse(fmt::format("a disk of {} bytes is not possible", size_.count));
    }
  }

  void read_item(const std::string& guid, std::uint32_t offset, std::uint32_t length,
                 bool required) {
    const auto item = [&](std::uint32_t wanted) {
      if (length < wanted || offset < kMetadataTable ||
          !is_within(offset, length, metadata_.length)) {
        file_->refuse("a VHDX metadata item lies outside its region");
      }
      return text(metadata_.offset + offset, wanted, "VHDX metadata");
    };
    if (guid == kFileParameters) {
      const std::string value = item(8);
      block_ = little_endian<std::uint32_t>(value, 0);
      if ((little_endian<std::uint32_t>(value, 4) & 2) != 0) refuse_parent();
    } else if (guid == kDiskSize) {
      size_ = {little_endian<std::uint64_t>(item(8), 0)};
    } else if (guid == kLogicalSector) {
      sector_ = little_endian<std::uint32_t>(item(4), 0);
    } else if (guid == kParentLocator) {
      refuse_parent();
    } else if (guid != kPhysicalSector && guid != kDiskId && required) {
      file_->refuse(fmt::format("it needs the unknown VHDX metadata {}", guid));
    }
  }

  [[noreturn]] void refuse_parent() const {
    file_->refuse("it is a differencing VHDX, which is nothing without its parent",
                  "merge it with its parent first");
  }

  /// The table's entries from a block's on, one or more, with those of sector bitmaps among them.
  /// Holds until the next call.
  std::string_view entries_at(std::uint64_t block) const {
    const std::uint64_t at = (block + block / chunk_) * 8, piece = at / kTablePiece * kTablePiece;
    const std::string& table = tables_.get(piece, [&] {
      return read_text(*file_, bat_.offset + piece,
                       std::min<std::uint64_t>(kTablePiece, bat_.length / 8 * 8 - piece));
    });
    return std::string_view(table).substr(at - piece);
  }

  /// 2.5.1.1: 0 not present, 1 undefined, 2 zero, 3 unmapped; 6 fully, 7 partially present.
  static bool is_stored(std::uint64_t entry) { return (entry & 7) > 3; }

  void read_block(std::uint64_t block, std::uint64_t within, std::span<std::byte> into) const {
    const auto entry = little_endian<std::uint64_t>(entries_at(block), 0);
    const std::uint64_t state = entry & 7, start = (entry >> 20) * kMebi;
    if (!is_stored(entry)) {
      std::memset(into.data(), 0, into.size());
      return;
    }
    if (state != 6) file_->refuse(fmt::format("block {} of the disk is in state {}", block, state));
    if (start < kMebi || !is_within(start, block_, file_->size().count)) {
      file_->refuse(fmt::format("block {} of the disk lies outside the file", block));
    }
    file_->read(start + within, into);
  }

  std::unique_ptr<ImageFile> file_;
  Bytes size_;
  std::uint32_t block_ = 0, sector_ = 0;
  std::uint64_t chunk_ = 0;
  Region bat_, metadata_;
  mutable RecentBlocks tables_{256};
};

}  // namespace

DiskImage open_vhdx(std::unique_ptr<ImageFile> file) {
  DiskImage image;
  image.facts.format = ContainerFormat::vhdx;
  image.facts.file_size = file->size();
  auto disk = std::make_unique<Vhdx>(std::move(file));
  image.facts.virtual_size = disk->size();
  image.facts.block_size = {disk->block_size()};
  image.facts.logical_sector = disk->sector_size();
  image.disk = std::move(disk);
  return image;
}

}  // namespace composer::inspect
