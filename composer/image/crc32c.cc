#include "composer/image/crc32c.h"

#include <array>

namespace composer::image {
namespace {

constexpr std::array<std::uint32_t, 256> table() {
  constexpr std::uint32_t kPolynomial = 0x82f63b78;  // 0x1edc6f41, reflected.
  std::array<std::uint32_t, 256> entries{};
  for (std::uint32_t i = 0; i < entries.size(); ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? kPolynomial : 0);
    entries[i] = value;
  }
  return entries;
}

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
  static constexpr auto kTable = table();
  std::uint32_t crc = 0xffffffff;
  for (const char c : bytes) crc = crc >> 8 ^ kTable[(crc ^ static_cast<unsigned char>(c)) & 0xff];
  return ~crc;
}

}  // namespace composer::image
