#include "composer/image/vhdx_writer.h"

#include <algorithm>
#include <string>

#include "composer/image/copy_blocks.h"
#include "composer/image/little_endian.h"
#include "composer/image/vhdx_format.h"
#include "composer/plan/identity.h"

namespace composer::image {
namespace {

using namespace vhdx;

/// The block allocation table, a piece of it at a time: blocks come in the disk's order, and where
/// a piece has no entry the file keeps a hole, which reads as "not present".
class BatWriter {
 public:
  BatWriter(PartialFile& file, const Parameters& parameters)
      : file_(file), parameters_(parameters) {}

  void set(std::uint64_t block, std::uint64_t offset) {
    const std::uint64_t at = parameters_.bat_index(block) * 8;
    if (at / kPiece != piece_) flush();
    piece_ = at / kPiece;
    put_little_endian(entries_, at % kPiece, bat_entry(offset));
    used_ = true;
  }

  void flush() {
    if (used_) file_.write_at(entries_, kBatAt + piece_ * kPiece);
    entries_.assign(kPiece, '\0');
    used_ = false;
  }

 private:
  static constexpr std::uint64_t kPiece = 64 << 10;

  PartialFile& file_;
  const Parameters& parameters_;
  std::string entries_ = std::string(kPiece, '\0');
  std::uint64_t piece_ = 0;
  bool used_ = false;
};

std::uint32_t logical_sector(SectorSize size) {
  return size == SectorSize::native_4096 ? 4096 : 512;
}

std::uint32_t physical_sector(SectorSize size) {
  return size == SectorSize::native_512 ? 512 : 4096;
}

}  // namespace

void write_vhdx(const ExportJob& job, PartialFile& file) {
  const std::string& seed = job.plan.identity_seed;
  const std::string disk = derived_uuid(seed, "vhdx");
  const std::string file_write = derived_uuid(seed, "vhdx-file-write");
  const std::string data_write = derived_uuid(seed, "vhdx-data-write");
  Parameters parameters;
  parameters.disk_size = job.disk.size;
  parameters.logical_sector = logical_sector(job.output.sector_size);
  parameters.physical_sector = physical_sector(job.output.sector_size);
  parameters.block_size = block_size_for(job.disk.size);
  parameters.disk_id = disk;
  parameters.file_write_id = file_write;
  parameters.data_write_id = data_write;

  std::uint64_t end = parameters.payload_at();
  file.expect(data_size(job.disk) + Bytes{end});
  BatWriter bat(file, parameters);
  copy_blocks(job, file, parameters.block_size, [&](std::uint64_t block) {
    const std::uint64_t at = end;
    bat.set(block, at);
    end += parameters.block_size;
    return at;
  });
  bat.flush();
  // The last block may end with a hole.
  file.resize(end);
  file.write_at(encode_metadata(parameters), kMetadataAt);
  for (const std::uint64_t at : kRegionTableAt) {
    file.write_at(encode_region_table(parameters), at);
  }
  // Both are valid, and the second one counts.
  file.write_at(encode_header(parameters, 1), kHeaderAt[0]);
  file.write_at(encode_header(parameters, 2), kHeaderAt[1]);
  // Last, so that a file that was cut short is not taken for an image.
  file.write_at(encode_identifier(), kIdentifierAt);
}

}  // namespace composer::image
