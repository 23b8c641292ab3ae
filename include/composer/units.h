#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace composer {

/// A count of bytes. Sizes never travel as bare integers, so that sectors, MiB and bytes cannot be
/// mixed up silently.
struct Bytes {
  std::uint64_t count = 0;

  friend constexpr auto operator<=>(Bytes, Bytes) = default;
  friend constexpr Bytes operator+(Bytes a, Bytes b) { return {a.count + b.count}; }
  friend constexpr Bytes operator-(Bytes a, Bytes b) { return {a.count - b.count}; }
  friend constexpr Bytes operator*(Bytes a, std::uint64_t n) { return {a.count * n}; }
  constexpr Bytes& operator+=(Bytes b) {
    count += b.count;
    return *this;
  }
};

constexpr Bytes KiB(std::uint64_t n) {
  return {n << 10};
}
constexpr Bytes MiB(std::uint64_t n) {
  return {n << 20};
}
constexpr Bytes GiB(std::uint64_t n) {
  return {n << 30};
}
constexpr Bytes TiB(std::uint64_t n) {
  return {n << 40};
}

/// `size` rounded up to a whole number of `grain` bytes; `grain` is not zero.
constexpr Bytes round_up(Bytes size, Bytes grain) {
  return {(size.count + grain.count - 1) / grain.count * grain.count};
}
constexpr Bytes round_down(Bytes size, Bytes grain) {
  return {size.count / grain.count * grain.count};
}

/// Reads `200 MiB`: a whole decimal number, optional spaces, and one of KiB, MiB, GiB, TiB.
/// Binary units only, since `5G` means two different sizes to two different tools.
/// Returns nothing when the text is not of that form or does not fit 63 bits.
std::optional<Bytes> parse_bytes(std::string_view text);

/// `5 GiB` where the size is a whole number of a unit, else one decimal: `6.2 GiB`, `512 bytes`.
std::string to_text(Bytes size);

}  // namespace composer
