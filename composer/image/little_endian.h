#pragma once

#include <concepts>
#include <cstddef>
#include <string>

namespace composer::image {

/// Stores `value` at `offset` of `block`, least significant byte first, as VHDX and zstd have it.
/// The block must be long enough.
template <std::unsigned_integral T>
void put_little_endian(std::string& block, std::size_t offset, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    block.at(offset + i) = static_cast<char>(value & 0xff);
    value = static_cast<T>(value >> (sizeof(T) > 1 ? 8 : 0));
  }
}

}  // namespace composer::image
