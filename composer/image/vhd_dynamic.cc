#include "composer/image/vhd_dynamic.h"

#include "composer/image/big_endian.h"
#include "composer/image/copy_blocks.h"
#include "composer/image/vhd_footer.h"

namespace composer::image {
namespace {

constexpr std::uint64_t kSector = 512;
constexpr std::size_t kHeaderSize = 1024, kHeaderChecksumAt = 36;
constexpr std::uint64_t kTableAt = kVhdFooterSize + kHeaderSize;
constexpr std::uint32_t kAbsent = 0xffffffff;
/// A bit for each sector of a block: one sector of them.
constexpr std::uint64_t kBitmapSize = kVhdBlockSize / kSector / 8;
static_assert(kBitmapSize == kSector);
/// What a block's data is aligned to, so that neither the guest's 4 KiB sectors nor the host's
/// pages straddle two of the file's. Nothing in the format asks blocks to follow each other.
constexpr std::uint64_t kAlignment = 4096;

constexpr std::uint64_t round_up(std::uint64_t value, std::uint64_t grain) {
  return (value + grain - 1) / grain * grain;
}

}  // namespace

std::string encode_vhd_dynamic_header(std::uint64_t table_offset, std::uint32_t entries) {
  std::string block(kHeaderSize, '\0');
  block.replace(0, 8, "cxsparse");
  put_big_endian(block, 8, ~std::uint64_t{0});  // No further header.
  put_big_endian(block, 16, table_offset);
  put_big_endian(block, 24, std::uint32_t{0x00010000});  // Header version.
  put_big_endian(block, 28, entries);
  put_big_endian(block, 32, static_cast<std::uint32_t>(kVhdBlockSize));
  // From 40 on: no parent.
  put_big_endian(block, kHeaderChecksumAt, vhd_checksum(block, kHeaderChecksumAt));
  return block;
}

void write_vhd_dynamic(const ExportJob& job, PartialFile& file) {
  const std::uint64_t blocks = (job.disk.size + kVhdBlockSize - 1) / kVhdBlockSize;
  // Filled up to whole sectors with what says absent too.
  std::string table(round_up(blocks * 4, kSector), '\xff');
  std::uint64_t end = kTableAt + table.size();
  file.expect(data_size(job.disk) + Bytes{end + kVhdFooterSize});

  // Every sector of a block that is there counts as written, as Hyper-V and QEMU have it: what was
  // a hole reads as zeros all the same.
  const std::string bitmap(kBitmapSize, '\xff');
  copy_blocks(job, file, kVhdBlockSize, [&](std::uint64_t block) {
    const std::uint64_t data = round_up(end + kBitmapSize, kAlignment);
    const std::uint64_t start = data - kBitmapSize;
    file.write_at(bitmap, start);
    put_big_endian(table, 4 * block, static_cast<std::uint32_t>(start / kSector));
    end = data + kVhdBlockSize;
    return data;
  });

  const std::string footer = planned_dynamic_vhd_footer(job.plan, {job.disk.size});
  file.write_at(table, kTableAt);
  file.write_at(encode_vhd_dynamic_header(kTableAt, static_cast<std::uint32_t>(blocks)),
                kVhdFooterSize);
  file.write_at(footer, end);
  // Last, so that a file that was cut short is not taken for an image.
  file.write_at(footer, 0);
}

}  // namespace composer::image
