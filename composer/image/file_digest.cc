#include "composer/image/file_digest.h"

#include <algorithm>
#include <string>

namespace composer::image {
namespace {

constexpr std::uint64_t kCheckEvery = 8ULL << 20;

void update(std::span<Hasher> hashers, std::string_view bytes) {
  for (Hasher& hasher : hashers) hasher.update(bytes);
}

void hash_zeros(std::span<Hasher> hashers, std::uint64_t count, const ExportMeter& meter) {
  // Small enough to stay in the first-level cache with the digest's own state.
  static const std::string zeros(16 << 10, '\0');
  for (std::uint64_t done = 0; done < count;) {
    if (done % kCheckEvery == 0) meter.check();
    const std::size_t n = std::min<std::uint64_t>(zeros.size(), count - done);
    update(hashers, std::string_view(zeros).substr(0, n));
    done += n;
  }
}

}  // namespace

void hash_file(const RawDisk& file, std::span<Hasher> hashers, const ExportMeter& meter) {
  std::string buffer(256 << 10, '\0');
  std::uint64_t at = 0;
  while (const auto extent = next_data(file, at)) {
    hash_zeros(hashers, extent->start - at, meter);
    for (at = extent->start; at < extent->end();) {
      meter.check();
      const std::size_t n = std::min<std::uint64_t>(buffer.size(), extent->end() - at);
      read_exactly(file, at, buffer.data(), n);
      update(hashers, std::string_view(buffer).substr(0, n));
      at += n;
    }
  }
  hash_zeros(hashers, file.size - at, meter);
}

}  // namespace composer::image
