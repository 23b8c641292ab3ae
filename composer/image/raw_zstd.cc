#include "composer/image/raw_zstd.h"

#include <algorithm>
#include <memory>
#include <optional>

#include "composer/image/data_units.h"
#include "composer/image/little_endian.h"
#include "composer/image/ordered_workers.h"
#include "composer/image/zstd_frame.h"

namespace composer::image {
namespace {

constexpr std::uint32_t kSkippableMagic = 0x184d2a5e, kSeekableMagic = 0x8f92eab1;
// Of 1.1 GB of a system's data in frames of 4 MiB; docs/formats/raw-zst.md has the figures.
constexpr int kLevel = 3;

/// A piece of the disk, compressed.
struct Frame {
  std::string bytes;
  std::uint64_t size = 0;
  std::uint64_t data_bytes = 0;  // For the meter.
};

/// What one thread works with.
class FrameMaker {
 public:
  explicit FrameMaker(const ExportJob& job) : job_(job), compressor_(kLevel) {}

  void make(const DataUnit& unit, Frame& frame) {
    job_.meter.check();
    frame.size = unit.length;
    frame.data_bytes = unit.data_bytes();
    if (unit.data.empty()) {
      // A disk has few lengths of hole beside the largest.
      if (unit.length != zeros_length_) zeros_ = compressor_.compress_zeros(unit.length);
      zeros_length_ = unit.length;
      frame.bytes = zeros_;
      return;
    }
    input_.resize(unit.length);
    read_exactly(job_.disk, unit.start, input_.data(), unit.length);
    compressor_.compress(input_, frame.bytes);
  }

 private:
  const ExportJob& job_;
  ZstdFrames compressor_;
  std::string input_;
  std::string zeros_;
  std::uint64_t zeros_length_ = 0;
};

/// The file as it grows.
class SeekableFile {
 public:
  explicit SeekableFile(PartialFile& file) : file_(file) {}

  void append(const Frame& frame) {
    write(frame.bytes);
    frames_.push_back(
        {static_cast<std::uint32_t>(frame.bytes.size()), static_cast<std::uint32_t>(frame.size)});
  }

  void finish() { write(encode_zstd_seek_table(frames_)); }

 private:
  void write(std::string_view bytes) {
    file_.write_at(bytes, end_);
    end_ += bytes.size();
  }

  PartialFile& file_;
  std::vector<ZstdFrame> frames_;
  std::uint64_t end_ = 0;
};

}  // namespace

std::string encode_zstd_seek_table(const std::vector<ZstdFrame>& frames) {
  constexpr std::size_t kHead = 8, kEntry = 8, kFooter = 9;
  std::string table(kHead + kEntry * frames.size() + kFooter, '\0');
  put_little_endian(table, 0, kSkippableMagic);
  put_little_endian(table, 4, static_cast<std::uint32_t>(table.size() - kHead));
  std::size_t at = kHead;
  for (const ZstdFrame& frame : frames) {
    put_little_endian(table, at, frame.compressed);
    put_little_endian(table, at + 4, frame.size);
    at += kEntry;
  }
  put_little_endian(table, at, static_cast<std::uint32_t>(frames.size()));
  // No checksums here: each frame has its own.
  table[at + 4] = 0;
  put_little_endian(table, at + 5, kSeekableMagic);
  return table;
}

void write_raw_zstd(const ExportJob& job, PartialFile& file) {
  file.expect(data_size(job.disk));
  SeekableFile seekable(file);
  OrderedWorkers<DataUnit, Frame> workers(
      job.threads,
      [&] {
        const auto maker = std::make_shared<FrameMaker>(job);
        return [maker](DataUnit& unit, Frame& frame) { maker->make(unit, frame); };
      },
      [&](Frame& frame) {
        seekable.append(frame);
        job.meter.advance(frame.data_bytes, job.output.filename);
      });
  std::uint64_t at = 0;
  const auto submit_zeros = [&](std::uint64_t end) {
    while (at < end) {
      const std::uint64_t length = std::min(kZstdZeroFrameSize, end - at);
      workers.submit({at, length, {}});
      at += length;
    }
  };
  DataUnits units(job.disk, kZstdFrameSize);
  while (std::optional<DataUnit> unit = units.next()) {
    submit_zeros(unit->start);
    at = unit->start + unit->length;
    workers.submit(std::move(*unit));
  }
  submit_zeros(job.disk.size);
  workers.finish();
  seekable.finish();
}

}  // namespace composer::image
