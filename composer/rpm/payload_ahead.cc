#include "composer/rpm/payload_ahead.h"

#include <algorithm>
#include <fcntl.h>
#include <fmt/format.h>
#include <string>
#include <sys/mman.h>
#include <system_error>
#include <unistd.h>
#include <zstd.h>

#include "composer/base/handle.h"
#include "composer/base/trace.h"
#include "composer/error.h"
#include "composer/rpm/signature_file.h"

namespace composer::rpm {
namespace {

using Decompressor = Handle<ZSTD_DStream, ZSTD_freeDStream>;

// RFC 8878, 3.1.1: the magic number; a frame header that tells neither size, checksum nor
// dictionary; a window of 2^(10 + 7) bytes, which is also the largest block.
constexpr std::string_view kFrameHeader("\x28\xB5\x2F\xFD\x00\x38", 6);
constexpr std::size_t kBlock = 128 << 10;
constexpr int kLargestWindow = 25;  ///< Of what is read: 32 MiB. zstd -19 has 8.
constexpr std::size_t kBlockHeader = 3;

/// 3.1.1.2: bit 0 is set in the last block, bits 1 and 2 are the type, of which 0 is "as it is".
void set_block_header(char* at, std::size_t size, bool last) {
  const std::size_t header = size << 3 | (last ? 1 : 0);
  for (std::size_t i = 0; i < kBlockHeader; ++i) at[i] = static_cast<char>(header >> (8 * i));
}

void copy_headers(int from, std::uint64_t length, int to) {
  std::string buffer(kBlock, '\0');
  for (std::uint64_t at = 0; at < length;) {
    const std::size_t wanted = std::min<std::uint64_t>(buffer.size(), length - at);
    const ssize_t n = ::pread(from, buffer.data(), wanted, static_cast<off_t>(at));
    if (n <= 0) throw Error(ErrorKind::build, "the file is cut short");
    write_all(to, std::string_view(buffer).substr(0, static_cast<std::size_t>(n)), "package");
    at += static_cast<std::uint64_t>(n);
  }
}

/// Reads zstd from where `from` stands, and writes blocks of what it holds.
/// @returns  How many bytes that are; nothing for damaged data and for too many.
std::optional<std::uint64_t> store(int from, int to, std::uint64_t most) {
  const Decompressor stream(ZSTD_createDStream());
  if (!stream || ZSTD_isError(ZSTD_DCtx_setParameter(stream.get(), ZSTD_d_windowLogMax,
                                                     kLargestWindow)) != 0) {
    return std::nullopt;
  }
  std::string input(ZSTD_DStreamInSize(), '\0'), block(kBlockHeader + kBlock, '\0');
  ZSTD_inBuffer in{input.data(), 0, 0};
  std::size_t filled = 0;
  std::uint64_t total = 0;
  bool ended = false;  // The last frame that began.
  for (bool more = true; more;) {
    if (in.pos == in.size) {
      const ssize_t n = ::read(from, input.data(), input.size());
      if (n < 0) return std::nullopt;
      in = {input.data(), static_cast<std::size_t>(n), 0};
      more = n > 0;
    }
    // Also at the end: it may still have something to give.
    ZSTD_outBuffer out{block.data() + kBlockHeader, kBlock, filled};
    const std::size_t taken = in.pos;
    const std::size_t hint = ZSTD_decompressStream(stream.get(), &out, &in);
    if (ZSTD_isError(hint) != 0) return std::nullopt;
    if (hint == 0 || in.pos > taken || out.pos > filled) ended = hint == 0;
    if (out.pos > filled) more = true;
    filled = out.pos;
    if (filled < kBlock) continue;
    total += filled;
    if (total > most) return std::nullopt;
    set_block_header(block.data(), filled, false);
    write_all(to, block, "package");
    filled = 0;
  }
  if (!ended || total + filled > most) return std::nullopt;
  set_block_header(block.data(), filled, true);
  write_all(to, std::string_view(block).substr(0, kBlockHeader + filled), "package");
  return total + filled;
}

}  // namespace

std::optional<StoredPackage> store_payload(const FileDescriptor& package, std::uint64_t most) {
  const PackageFile file = open_package(fmt::format("/proc/self/fd/{}", package.get()), "package");
  if (file.header.text(kTagPayloadCompressor).value_or("") != "zstd") return std::nullopt;
  StoredPackage stored{FileDescriptor(::memfd_create("package", MFD_CLOEXEC | MFD_ALLOW_SEALING)),
                       0};
  const off_t payload = ::lseek(file.fd.get(), 0, SEEK_CUR);
  if (!stored.memory || payload < 0) return std::nullopt;
  copy_headers(file.fd.get(), static_cast<std::uint64_t>(payload), stored.memory.get());
  write_all(stored.memory.get(), kFrameHeader, "package");
  const auto size = store(file.fd.get(), stored.memory.get(), most);
  constexpr int kSeals = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL;
  if (!size || ::fcntl(stored.memory.get(), F_ADD_SEALS, kSeals) != 0) return std::nullopt;
  stored.size = *size;
  return stored;
}

PayloadAhead::PayloadAhead(std::function<FileDescriptor(std::size_t)> open)
    : open_(std::move(open)) {}

PayloadAhead::~PayloadAhead() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void PayloadAhead::begin(const std::vector<std::size_t>& order) {
  order_ = order;
  for (std::size_t place = 0; place < order_.size(); ++place) places_[order_[place]] = place;
  try {
    thread_ = std::thread([this] { run(); });
  } catch (const std::system_error&) {
    finished_ = true;  // No further thread to be had: librpm decompresses.
  }
}

void PayloadAhead::run() {
  for (std::size_t place = 0; place < order_.size(); ++place) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return stopped_ || !is_full(); });
      if (stopped_) return;
      if (place < place_) continue;
    }
    std::optional<StoredPackage> stored;
    try {
      const TraceSpan span("work", "decompress a payload");
      stored = store_payload(open_(order_[place]), kMostHeld);
    } catch (const std::exception&) {
      // librpm will find the same, and say it.
    }
    const std::lock_guard lock(mutex_);
    if (!stored || place < place_) continue;
    held_ += stored->size;
    ready_.emplace(place, *std::move(stored));
    changed_.notify_all();
  }
  const std::lock_guard lock(mutex_);
  finished_ = true;
  changed_.notify_all();
}

FileDescriptor PayloadAhead::take(std::size_t package) const {
  const std::lock_guard lock(mutex_);
  const auto place = places_.find(package);
  const auto found = place != places_.end() ? ready_.find(place->second) : ready_.end();
  if (found == ready_.end()) return {};
  // Anew: who was given it before has moved where the descriptor stands.
  return FileDescriptor(::open(fmt::format("/proc/self/fd/{}", found->second.memory.get()).c_str(),
                               O_RDONLY | O_CLOEXEC));
}

void PayloadAhead::begun(std::size_t package) {
  {
    const std::lock_guard lock(mutex_);
    const auto place = places_.find(package);
    if (place == places_.end() || place->second < place_) return;
    place_ = place->second;
    while (!ready_.empty() && ready_.begin()->first < place_) {
      held_ -= ready_.begin()->second.size;
      ready_.erase(ready_.begin());
    }
  }
  changed_.notify_all();
}

void PayloadAhead::settle() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return finished_ || is_full(); });
}

}  // namespace composer::rpm
