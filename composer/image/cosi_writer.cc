#include "composer/image/cosi_writer.h"

#include <algorithm>
#include <cstdint>
#include <fmt/format.h>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "composer/base/checksum.h"
#include "composer/error.h"
#include "composer/image/cosi_document.h"
#include "composer/image/stream_compressor.h"
#include "composer/image/tar_header.h"

namespace composer::image {
namespace {

using namespace cosi;

constexpr std::string_view kMetadata = "metadata.json";
constexpr std::size_t kPiece = 1 << 20;

/// Hands a part of the disk to `take`, piece by piece; holes are not read.
void read_part(const ExportJob& job, const Region& region,
               const std::function<void(std::string_view)>& take) {
  std::string buffer(kPiece, '\0');
  const std::string zeros(kPiece, '\0');
  const std::uint64_t end = region.start + region.size;
  for (std::uint64_t at = region.start; at < end;) {
    std::optional<Extent> extent = next_data(job.disk, at);
    const std::uint64_t data = extent ? std::min(extent->start, end) : end;
    while (at < data) {
      job.meter.check();
      const std::size_t n = std::min<std::uint64_t>(kPiece, data - at);
      take(std::string_view(zeros).substr(0, n));
      at += n;
    }
    const std::uint64_t data_end = extent ? std::min(extent->end(), end) : end;
    while (at < data_end) {
      job.meter.check();
      const std::size_t n = std::min<std::uint64_t>(kPiece, data_end - at);
      read_exactly(job.disk, at, buffer.data(), n);
      take(std::string_view(buffer).substr(0, n));
      job.meter.advance(n, job.output.filename);
      at += n;
    }
  }
}

class CosiArchive {
 public:
  CosiArchive(const ExportJob& job, PartialFile& file, const SystemFacts& system)
      : job_(job), file_(file), system_(system), regions_(regions_of(job.plan)) {}

  void write() {
    // The metadata comes first and says how large is what follows: room for the largest numbers
    // that there can be is kept free. What is too much of it is filled up with spaces.
    std::vector<Region> longest = regions_;
    for (Region& region : longest) {
      region.compressed_size = UINT64_MAX;
      region.sha384 = std::string(96, '0');
    }
    const std::uint64_t room = metadata_document(job_.plan, system_, longest).size();
    end_ = kTarBlock + room + tar_padding(room).size();
    for (Region& region : regions_) write_region(region);
    append(tar_end());

    std::string metadata = metadata_document(job_.plan, system_, regions_);
    metadata.back() = ' ';
    metadata.resize(room - 1, ' ');
    metadata += '\n';
    file_.write_at(metadata + tar_padding(room), kTarBlock);
    // Last, so that a file that was cut short is no archive.
    file_.write_at(tar_header(kMetadata, room, job_.plan.source_date_epoch), 0);
  }

 private:
  void append(std::string_view bytes) {
    file_.write_at(bytes, end_);
    end_ += bytes.size();
  }

  void write_region(Region& region) {
    const std::uint64_t header = end_;
    end_ += kTarBlock;
    Hasher hasher(HashAlgorithm::sha384);
    const auto compressor =
        make_stream_compressor(Compression::zstd, job_.threads, [&](std::string_view bytes) {
          hasher.update(bytes);
          region.compressed_size += bytes.size();
          append(bytes);
        });
    read_part(job_, region, [&](std::string_view bytes) { compressor->write(bytes); });
    compressor->finish();
    region.sha384 = hasher.finish_hex();
    append(tar_padding(region.compressed_size));
    file_.write_at(tar_header(region.path(), region.compressed_size, job_.plan.source_date_epoch),
                   header);
  }

  const ExportJob& job_;
  PartialFile& file_;
  const SystemFacts& system_;
  std::vector<Region> regions_;
  std::uint64_t end_ = 0;
};

}  // namespace

void write_cosi(const ExportJob& job, PartialFile& file) {
  if (const std::string why = refusal(job.plan); !why.empty()) {
    throw Error(ErrorKind::usage, fmt::format("cannot write '{}': {}", job.output.filename, why),
                "write 'format: raw'");
  }
  if (job.system == nullptr) {
    throw Error(ErrorKind::build, fmt::format("cannot write '{}': nothing is known of the system "
                                              "on the disk",
                                              job.output.filename));
  }
  file.expect(data_size(job.disk));
  CosiArchive(job, file, *job.system).write();
}

}  // namespace composer::image
