#include "composer/units.h"

#include <array>
#include <charconv>
#include <fmt/format.h>
#include <utility>

namespace composer {
namespace {

constexpr std::array<std::pair<std::string_view, int>, 4> kUnits = {
    {{"TiB", 40}, {"GiB", 30}, {"MiB", 20}, {"KiB", 10}}};

}  // namespace

std::optional<Bytes> parse_bytes(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end == text.data()) return std::nullopt;
  std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  while (unit.starts_with(' ')) unit.remove_prefix(1);
  for (const auto& [name, shift] : kUnits) {
    if (unit != name) continue;
    if (number >= (std::uint64_t{1} << (63 - shift))) return std::nullopt;
    return Bytes{number << shift};
  }
  return std::nullopt;
}

std::string to_text(Bytes size) {
  for (const auto& [name, shift] : kUnits) {
    const std::uint64_t unit = std::uint64_t{1} << shift;
    if (size.count < unit) continue;
    if (size.count % unit == 0) return fmt::format("{} {}", size.count / unit, name);
    return fmt::format("{:.1f} {}", static_cast<double>(size.count) / static_cast<double>(unit),
                       name);
  }
  return fmt::format("{} byte{}", size.count, size.count == 1 ? "" : "s");
}

}  // namespace composer
