#include "composer/inspect/expand.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <exception>
#include <fmt/format.h>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <unistd.h>
#include <vector>

#include "composer/base/file_descriptor.h"
#include "composer/error.h"
#include "composer/host/interrupt.h"

namespace composer::inspect {
namespace {

/// What a thread reads at once: some clusters of any format, little enough to stop soon.
constexpr std::uint64_t kPiece = 2U << 20;
/// Zeros become holes from this size on.
constexpr std::size_t kGrain = 64U << 10;

bool is_zero(std::string_view bytes) {
  return bytes.front() == 0 && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0;
}

/// One image that several threads expand.
class Expansion {
 public:
  Expansion(const std::filesystem::path& image, int fd, const ExpandMeter& meter)
      : path_(image), fd_(fd), meter_(meter), image_(open_disk_image(image)) {}

  std::uint64_t size() const { return image_.disk->size().count; }

  /// What one thread does.
  void work() noexcept {
    try {
      const DiskImage own = open_disk_image(path_);
      std::string buffer;
      while (const auto piece = next()) {
        copy(*own.disk, *piece, buffer);
        const std::lock_guard lock(mutex_);
        meter_(piece->length);
      }
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (!failure_) failure_ = std::current_exception();
    }
  }

  void rethrow_failure() const {
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  std::optional<DataRun> next() {
    const std::lock_guard lock(mutex_);
    host::throw_if_interrupted();
    if (failure_) return std::nullopt;
    if (run_.length == 0) {
      const auto run = image_.disk->next_data(run_.start);
      if (!run) return std::nullopt;
      run_ = *run;
    }
    // Aligned, so that a thread decompresses clusters that no other one needs.
    const std::uint64_t end = std::min(run_.end(), (run_.start / kPiece + 1) * kPiece);
    const DataRun piece{run_.start, end - run_.start};
    run_ = {end, run_.end() - end};
    return piece;
  }

  void copy(const BlockSource& disk, DataRun piece, std::string& buffer) const {
    buffer.resize(piece.length);
    disk.read(piece.start, std::as_writable_bytes(std::span(buffer)));
    for (std::size_t at = 0; at < buffer.size();) {
      const std::size_t n = std::min(kGrain - (piece.start + at) % kGrain, buffer.size() - at);
      const std::string_view grain = std::string_view(buffer).substr(at, n);
      if (!is_zero(grain)) write_all_at(fd_, grain, piece.start + at, "the expanded disk");
      at += n;
    }
  }

  const std::filesystem::path& path_;
  int fd_;
  const ExpandMeter& meter_;
  DiskImage image_;  ///< For its tables.
  std::mutex mutex_;
  DataRun run_;  ///< What is left of the last run; where the next is looked for when empty.
  std::exception_ptr failure_;
};

}  // namespace

Bytes data_size(const BlockSource& disk) {
  Bytes sum;
  std::uint64_t at = 0;
  while (const auto run = disk.next_data(at)) {
    host::throw_if_interrupted();
    sum.count += run->length;
    at = run->end();
  }
  return sum;
}

void expand(const std::filesystem::path& image, int fd, unsigned threads,
            const ExpandMeter& meter) {
  Expansion expansion(image, fd, meter);
  if (::ftruncate(fd, static_cast<off_t>(expansion.size())) != 0) {
    throw system_error(fmt::format("cannot make a file of the {} bytes that the disk in '{}' has",
                                   expansion.size(), image.string()),
                       errno);
  }
  {
    std::vector<std::jthread> workers;
    for (unsigned i = 0; i < std::max(threads, 1U); ++i) {
      workers.emplace_back([&] { expansion.work(); });
    }
  }
  expansion.rethrow_failure();
}

}  // namespace composer::inspect
