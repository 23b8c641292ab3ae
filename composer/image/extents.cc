#include "composer/image/extents.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <unistd.h>

#include "composer/error.h"

namespace composer::image {
namespace {

[[noreturn]] void throw_ended_early(const RawDisk& disk) {
  throw Error(
      ErrorKind::build,
      fmt::format("cannot read '{}': it ends before its size of {} bytes", disk.name, disk.size),
      "something else changed the disk while images were made from it");
}

}  // namespace

std::optional<Extent> next_data(const RawDisk& disk, std::uint64_t from) {
  if (from >= disk.size) return std::nullopt;
  const off_t start = ::lseek(disk.fd, static_cast<off_t>(from), SEEK_DATA);
  if (start < 0 && errno == ENXIO) return std::nullopt;  // The rest is a hole.
  if (start < 0 && errno == EINVAL) return Extent{from, disk.size - from};
  if (start < 0) throw system_error(fmt::format("cannot find the data of '{}'", disk.name), errno);
  const auto data = static_cast<std::uint64_t>(start);
  if (data >= disk.size) return std::nullopt;
  const off_t hole = ::lseek(disk.fd, start, SEEK_HOLE);
  if (hole < 0) throw system_error(fmt::format("cannot find the holes of '{}'", disk.name), errno);
  const std::uint64_t end = std::min(static_cast<std::uint64_t>(hole), disk.size);
  // A file that shrank meanwhile must not send the caller round in circles.
  if (end <= data) throw_ended_early(disk);
  return Extent{data, end - data};
}

Bytes data_size(const RawDisk& disk) {
  Bytes sum;
  std::uint64_t at = 0;
  while (const auto extent = next_data(disk, at)) {
    sum.count += extent->length;
    at = extent->end();
  }
  return sum;
}

void read_exactly(const RawDisk& disk, std::uint64_t offset, char* buffer, std::size_t length) {
  while (length > 0) {
    const ssize_t n = ::pread(disk.fd, buffer, length, static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw system_error(fmt::format("cannot read '{}'", disk.name), errno);
    if (n == 0) throw_ended_early(disk);
    buffer += n;
    offset += static_cast<std::uint64_t>(n);
    length -= static_cast<std::size_t>(n);
  }
}

bool is_zero(std::string_view bytes) {
  // Sixteen bytes by hand, then the text against itself shifted by sixteen: memcmp is vectorised by
  // the C library, which makes this run at memory speed.
  constexpr std::size_t kHead = 16;
  const std::size_t head = std::min(bytes.size(), kHead);
  for (std::size_t i = 0; i < head; ++i) {
    if (bytes[i] != 0) return false;
  }
  if (bytes.size() <= kHead) return true;
  return std::memcmp(bytes.data(), bytes.data() + kHead, bytes.size() - kHead) == 0;
}

}  // namespace composer::image
