#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "composer/units.h"

// A raw disk is mostly holes: 1 GB of data in 5 GiB is usual, and a disk of 64 TiB must cost no
// more than its data. Every writer walks the data alone, one extent at a time, so that memory does
// not grow with the number of extents either.

namespace composer::image {

/// The raw disk that images are made from, open for reading. Several threads may use it at once:
/// all read with pread.
struct RawDisk {
  int fd = -1;
  std::uint64_t size = 0;
  std::string name;  ///< For errors.
};

/// A run of bytes of a file.
struct Extent {
  std::uint64_t start = 0;
  std::uint64_t length = 0;

  std::uint64_t end() const { return start + length; }
  friend bool operator==(const Extent&, const Extent&) = default;
};

/// The first run of data at or after `from`, or nothing when all that is left is a hole. It begins
/// at `from` at the earliest and ends at the disk's end at the latest. A filesystem without holes
/// answers with everything.
/// @throws Error  when the disk cannot be read, or ends before its size.
/// Source: lseek(2), SEEK_DATA and SEEK_HOLE.
std::optional<Extent> next_data(const RawDisk& disk, std::uint64_t from);

/// The sum of the disk's extents of data.
Bytes data_size(const RawDisk& disk);

/// Reads exactly `length` bytes at `offset` into `buffer`.
/// @throws Error  when the disk cannot be read, or ends before.
void read_exactly(const RawDisk& disk, std::uint64_t offset, char* buffer, std::size_t length);

/// True when every byte is zero; an empty text is.
bool is_zero(std::string_view bytes);

}  // namespace composer::image
