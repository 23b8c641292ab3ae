#include "composer/image/copy_blocks.h"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "composer/base/trace.h"
#include "composer/image/data_units.h"

// Only where a block goes must be decided in order, and that takes no time: so each thread looks at
// its block until it meets something that is not zero, waits for its turn, learns the place, and
// then copies while the next thread has its turn.

namespace composer::image {
namespace {

// Small enough that what was read is still in the core's cache when it is written.
constexpr std::size_t kPiece = 256 << 10;
// Zeros of this size within a block become holes: a page of the host, and what filesystems track.
constexpr std::size_t kZeroGrain = 64 << 10;

class BlockCopy {
 public:
  BlockCopy(const ExportJob& job, PartialFile& file, std::uint64_t block_size,
            const std::function<std::uint64_t(std::uint64_t)>& place)
      : job_(job),
        file_(file),
        block_size_(block_size),
        place_(place),
        units_(job.disk, block_size) {}

  void run() {
    std::vector<std::thread> threads;
    try {
      for (unsigned i = 1; i < job_.threads; ++i) threads.emplace_back([this] { work(); });
    } catch (...) {
      fail(std::current_exception());  // No further thread to be had.
    }
    work();
    for (std::thread& thread : threads) thread.join();
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  struct Turn {
    std::uint64_t number = 0;
    DataUnit unit;
  };

  void work() noexcept {
    const TraceSpan span("work", job_.output.filename);
    try {
      const auto buffer = std::make_unique<char[]>(kPiece);
      while (const std::optional<Turn> turn = take()) {
        job_.meter.check();
        copy(*turn, buffer.get());
        job_.meter.advance(turn->unit.data_bytes(), job_.output.filename);
      }
    } catch (...) {
      fail(std::current_exception());
    }
  }

  std::optional<Turn> take() {
    const std::lock_guard lock(mutex_);
    if (failure_) return std::nullopt;
    std::optional<DataUnit> unit = units_.next();
    if (!unit) return std::nullopt;
    return Turn{taken_++, std::move(*unit)};
  }

  void copy(const Turn& turn, char* buffer) {
    // Where the block lies in the file, once it is known that it does.
    std::optional<std::uint64_t> place;
    for (const Extent& extent : turn.unit.data) {
      for (std::uint64_t at = extent.start; at < extent.end();) {
        // Pieces begin at multiples of their size, and so do the holes.
        const std::uint64_t end = std::min(extent.end(), (at / kPiece + 1) * kPiece);
        const std::string_view piece(buffer, end - at);
        read_exactly(job_.disk, at, buffer, piece.size());
        if (!place && !is_zero(piece)) {
          place = take_turn(turn);
          if (!place) return;
        }
        if (place) write_piece(piece, at, *place + (at - turn.unit.start));
        at = end;
      }
    }
    if (!place) pass_turn(turn);
  }

  /// Writes what is not zero of a piece that lies at `disk_offset`.
  void write_piece(std::string_view piece, std::uint64_t disk_offset, std::uint64_t offset) {
    std::size_t begin = 0;  // Of the run that is not zero and not yet written.
    std::size_t at = 0;
    const auto write_run = [&] {
      if (begin < at) file_.write_at(piece.substr(begin, at - begin), offset + begin);
    };
    while (at < piece.size()) {
      const std::size_t grain = kZeroGrain - (disk_offset + at) % kZeroGrain;
      const std::size_t size = std::min(grain, piece.size() - at);
      if (is_zero(piece.substr(at, size))) {
        write_run();
        begin = at + size;
      }
      at += size;
    }
    write_run();
  }

  /// Nothing when another thread has failed.
  std::optional<std::uint64_t> take_turn(const Turn& turn) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return failure_ || turn_ == turn.number; });
    if (failure_) return std::nullopt;
    const std::uint64_t place = place_(turn.unit.start / block_size_);
    ++turn_;
    changed_.notify_all();
    return place;
  }

  void pass_turn(const Turn& turn) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return failure_ || turn_ == turn.number; });
    ++turn_;
    changed_.notify_all();
  }

  void fail(std::exception_ptr failure) noexcept {
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = std::move(failure);
    changed_.notify_all();
  }

  const ExportJob& job_;
  PartialFile& file_;
  std::uint64_t block_size_;
  const std::function<std::uint64_t(std::uint64_t)>& place_;
  std::mutex mutex_;
  std::condition_variable changed_;
  DataUnits units_;
  std::uint64_t taken_ = 0;  // Blocks taken by a thread,
  std::uint64_t turn_ = 0;   // and the number of the one that is placed next.
  std::exception_ptr failure_;
};

}  // namespace

void copy_blocks(const ExportJob& job, PartialFile& file, std::uint64_t block_size,
                 const std::function<std::uint64_t(std::uint64_t)>& place) {
  BlockCopy(job, file, block_size, place).run();
}

}  // namespace composer::image
