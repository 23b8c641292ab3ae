#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace composer::inspect {

/// The number of type T at `at` of `bytes`, least significant byte first.
/// @throws std::out_of_range  past the end: a mistake of the caller's, who has checked sizes.
template <std::unsigned_integral T>
T little_endian(std::string_view bytes, std::size_t at) {
  T value = 0;
  for (std::size_t i = sizeof(T); i-- > 0;) {
    value = static_cast<T>((sizeof(T) > 1 ? value << 8 : 0) |
                           static_cast<unsigned char>(bytes.at(at + i)));
  }
  return value;
}

/// The same, most significant byte first.
template <std::unsigned_integral T>
T big_endian(std::string_view bytes, std::size_t at) {
  T value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    value = static_cast<T>((sizeof(T) > 1 ? value << 8 : 0) |
                           static_cast<unsigned char>(bytes.at(at + i)));
  }
  return value;
}

/// 16 bytes as a UUID in lower case, in the order in which they stand.
std::string uuid_text(std::string_view bytes);
/// The same where the first three groups are little-endian numbers (GPT, VHDX).
std::string guid_text(std::string_view bytes);

}  // namespace composer::inspect
