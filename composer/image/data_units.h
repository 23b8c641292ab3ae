#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "composer/image/extents.h"

namespace composer::image {

/// A stretch of the disk of one size, with data in it.
struct DataUnit {
  std::uint64_t start = 0;   ///< On the disk, a multiple of the unit's size.
  std::uint64_t length = 0;  ///< The unit's size, or less at the disk's end.
  std::vector<Extent> data;  ///< In order, within the unit, never empty.

  std::uint64_t data_bytes() const;
};

/// Cuts the disk into units of one size and goes through those with data in them. An extent is
/// looked up once and cut from memory: tmpfs walks all of it at each SEEK_HOLE.
class DataUnits {
 public:
  DataUnits(const RawDisk& disk, std::uint64_t unit_size)
      : disk_(disk), unit_size_(unit_size), extent_(next_data(disk, 0)) {}

  std::optional<DataUnit> next();

 private:
  const RawDisk& disk_;
  std::uint64_t unit_size_;
  std::optional<Extent> extent_;  // What is left of the extent that the next unit begins in.
};

}  // namespace composer::image
