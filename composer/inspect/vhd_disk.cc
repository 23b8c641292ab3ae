#include <algorithm>
#include <bit>
#include <cstring>
#include <fmt/format.h>

#include "composer/inspect/block_runs.h"
#include "composer/inspect/byte_order.h"
#include "composer/inspect/open_format.h"
#include "composer/inspect/recent_blocks.h"

// Source: Microsoft, "Virtual Hard Disk Image Format Specification" 1.0: offsets in the footer, the
// dynamic disk header and the block allocation table. All numbers are big-endian.

namespace composer::inspect {
namespace {

constexpr std::uint64_t kSector = 512;
constexpr std::uint32_t kFixed = 2, kDynamic = 3, kDifferencing = 4;
constexpr std::size_t kFooterChecksum = 64, kHeaderSize = 1024, kHeaderChecksum = 36;
constexpr std::uint32_t kAbsent = 0xffffffff;  ///< In the table: a block that was never written.
/// The specification's default is 2 MiB; nobody makes larger blocks than this.
constexpr std::uint32_t kSmallestBlock = 4096, kLargestBlock = 256U << 20;
/// Entries of the table are read in pieces of this size.
constexpr std::size_t kTablePiece = 4096;

/// Complement of the sum of all bytes but those of the checksum itself.
std::uint32_t checksum(std::string_view block, std::size_t at) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < block.size(); ++i) {
    if (i < at || i >= at + 4) sum += static_cast<unsigned char>(block[i]);
  }
  return ~sum;
}

VhdFooterFacts read_footer(std::string_view footer) {
  VhdFooterFacts facts;
  facts.bytes = footer;
  facts.features = big_endian<std::uint32_t>(footer, 8);
  facts.version = big_endian<std::uint32_t>(footer, 12);
  facts.data_offset = big_endian<std::uint64_t>(footer, 16);
  facts.made = big_endian<std::uint32_t>(footer, 24);
  facts.creator_app = footer.substr(28, 4);
  facts.creator_version = big_endian<std::uint32_t>(footer, 32);
  facts.creator_os = footer.substr(36, 4);
  facts.original_size = {big_endian<std::uint64_t>(footer, 40)};
  facts.current_size = {big_endian<std::uint64_t>(footer, 48)};
  facts.cylinders = big_endian<std::uint16_t>(footer, 56);
  facts.heads = big_endian<std::uint8_t>(footer, 58);
  facts.sectors = big_endian<std::uint8_t>(footer, 59);
  facts.disk_type = big_endian<std::uint32_t>(footer, 60);
  facts.checksum = big_endian<std::uint32_t>(footer, kFooterChecksum);
  facts.checksum_right = facts.checksum == checksum(footer, kFooterChecksum);
  facts.uuid = uuid_text(footer.substr(68, 16));
  facts.saved_state = footer[84] != 0;
  return facts;
}

class DynamicVhd final : public BlockSource {
 public:
  DynamicVhd(std::unique_ptr<ImageFile> file, const VhdFooterFacts& footer)
      : file_(std::move(file)), size_(footer.current_size) {
    if (!is_within(footer.data_offset, kHeaderSize, file_->size().count)) {
      file_->refuse("the header of the dynamic VHD lies outside the file");
    }
    const std::string header = read_text(*file_, footer.data_offset, kHeaderSize);
    if (!header.starts_with("cxsparse")) file_->refuse("the dynamic VHD has no header");
    if (big_endian<std::uint32_t>(header, kHeaderChecksum) != checksum(header, kHeaderChecksum)) {
      file_->refuse("the checksum of the dynamic VHD's header is wrong");
    }
    table_ = big_endian<std::uint64_t>(header, 16);
    const std::uint64_t entries = big_endian<std::uint32_t>(header, 28);
    block_ = big_endian<std::uint32_t>(header, 32);
    if (!std::has_single_bit(block_) || block_ < kSmallestBlock || block_ > kLargestBlock) {
      file_->refuse(fmt::format("blocks of {} bytes are not possible", block_));
    }
    if (!is_within(table_, entries * 4, file_->size().count)) {
      file_->refuse("the block allocation table lies outside the file");
    }
    if (size_.count / block_ + (size_.count % block_ != 0) > entries) {
      file_->refuse(
          fmt::format("its block allocation table is too short for {} bytes of disk", size_.count));
    }
    // One bit for each sector of a block, filled up to whole sectors.
    bitmap_ = (block_ / kSector / 8 + kSector - 1) / kSector * kSector;
  }

  Bytes size() const override { return size_; }
  std::uint32_t block_size() const { return block_; }

  std::optional<DataRun> next_data(std::uint64_t from) const override {
    return next_run(from, size_.count, block_, [&](std::uint64_t block) {
      const std::string_view entries = entries_at(block);
      return alike_entries(entries, 4, [&](std::size_t at) {
        return big_endian<std::uint32_t>(entries, at) != kAbsent;
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
  /// The table's entries from a block's on, one or more. Holds until the next call.
  std::string_view entries_at(std::uint64_t block) const {
    const std::uint64_t at = block * 4, piece = at / kTablePiece * kTablePiece;
    const std::string& text = tables_.get(piece, [&] {
      const std::uint64_t start = table_ + piece;
      return read_text(*file_, start,
                       std::min<std::uint64_t>(kTablePiece, file_->size().count - start));
    });
    return std::string_view(text).substr(at - piece);
  }

  void read_block(std::uint64_t block, std::uint64_t within, std::span<std::byte> into) const {
    std::memset(into.data(), 0, into.size());
    const auto sector = big_endian<std::uint32_t>(entries_at(block), 0);
    if (sector == kAbsent) return;
    const std::uint64_t start = sector * kSector;
    if (!is_within(start, bitmap_ + block_, file_->size().count)) {
      file_->refuse(fmt::format("block {} of the disk lies outside the file", block));
    }
    const std::string& bitmap =
        bitmaps_.get(start, [&] { return read_text(*file_, start, bitmap_); });
    // A sector whose bit is not set was never written: it is zero whatever stands there.
    while (!into.empty()) {
      const std::uint64_t n_sector = within / kSector;
      const std::size_t n = std::min<std::uint64_t>(into.size(), kSector - within % kSector);
      const auto byte = static_cast<unsigned char>(bitmap[n_sector / 8]);
      if ((byte >> (7 - n_sector % 8) & 1) != 0) {
        file_->read(start + bitmap_ + within, into.first(n));
      }
      into = into.subspan(n);
      within += n;
    }
  }

  std::unique_ptr<ImageFile> file_;
  Bytes size_;
  std::uint64_t table_ = 0;
  std::uint32_t block_ = 0;
  std::uint64_t bitmap_ = 0;  ///< Bytes before each block's data.
  mutable RecentBlocks tables_{256}, bitmaps_{256};
};

/// The bytes before the footer.
class FixedVhd final : public BlockSource {
 public:
  explicit FixedVhd(std::unique_ptr<ImageFile> file) : file_(std::move(file)) {}

  Bytes size() const override { return file_->size() - Bytes{kSector}; }
  std::optional<DataRun> next_data(std::uint64_t from) const override {
    if (from >= size().count) return std::nullopt;
    std::optional<DataRun> run = file_->next_data(from);
    if (!run || run->start >= size().count) return std::nullopt;
    run->length = std::min(run->length, size().count - run->start);
    return run;
  }
  void read(std::uint64_t offset, std::span<std::byte> into) const override {
    require_within(*this, offset, into.size());
    file_->read(offset, into);
  }

 private:
  std::unique_ptr<ImageFile> file_;
};

}  // namespace

DiskImage open_vhd(std::unique_ptr<ImageFile> file, std::string_view footer) {
  DiskImage image;
  ContainerFacts& facts = image.facts;
  facts.file_size = file->size();
  facts.vhd = read_footer(footer);
  if (!facts.vhd->checksum_right) {
    facts.problems.emplace_back("the checksum of the VHD footer is wrong");
  }
  switch (facts.vhd->disk_type) {
    case kFixed: {
      facts.format = ContainerFormat::vhd_fixed;
      image.disk = std::make_unique<FixedVhd>(std::move(file));
      if (facts.vhd->current_size != image.disk->size()) {
        facts.problems.push_back(
            fmt::format("the VHD footer says {} bytes of disk, and the file has {}",
                        facts.vhd->current_size.count, image.disk->size().count));
      }
      break;
    }
    case kDynamic: {
      facts.format = ContainerFormat::vhd_dynamic;
      facts.vhd->copy_is_same = read_text(*file, 0, kSector) == footer;
      auto disk = std::make_unique<DynamicVhd>(std::move(file), *facts.vhd);
      facts.block_size = {disk->block_size()};
      image.disk = std::move(disk);
      break;
    }
    case kDifferencing:
      file->refuse("it is a differencing VHD, which is nothing without its parent",
                   "merge it with its parent first");
    default:
      file->refuse(
          fmt::format("its VHD footer has the unknown disk type {}", facts.vhd->disk_type));
  }
  facts.virtual_size = image.disk->size();
  return image;
}

}  // namespace composer::inspect
