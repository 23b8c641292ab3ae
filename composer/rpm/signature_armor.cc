#include "composer/rpm/signature_armor.h"

#include <cstdint>
#include <fmt/format.h>
#include <optional>

#include "composer/base/base64.h"

namespace composer::rpm {
namespace {

/// RFC 4880, 6.1: CRC-24 with the initial value B704CE and the polynomial 1864CFB.
std::string crc24(std::string_view bytes) {
  std::uint32_t crc = 0xb704ce;
  for (const char c : bytes) {
    crc ^= std::uint32_t{static_cast<unsigned char>(c)} << 16;
    for (int i = 0; i < 8; ++i) {
      crc <<= 1;
      if (crc & 0x1000000) crc ^= 0x1864cfb;
    }
  }
  return {static_cast<char>(crc >> 16 & 0xff), static_cast<char>(crc >> 8 & 0xff),
          static_cast<char>(crc & 0xff)};
}

std::string_view take_line(std::string_view& text) {
  const auto end = text.find('\n');
  std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  while (line.ends_with('\r') || line.ends_with(' ') || line.ends_with('\t')) line.remove_suffix(1);
  return line;
}

/// The rest of a block whose first line was taken.
std::optional<std::string> read_block(std::string_view& text, std::string_view last_line) {
  // Header lines `Name: value` end with an empty one; some programs write neither.
  std::string encoded, crc;
  bool in_header = true;
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    if (line == last_line) {
      auto packets = base64_decode(encoded);
      if (!packets || packets->empty()) return std::nullopt;
      if (!crc.empty() && base64_decode(crc) != crc24(*packets)) return std::nullopt;
      return packets;
    }
    if (line.starts_with("-----")) return std::nullopt;
    if (in_header && line.find(": ") != std::string_view::npos) continue;
    in_header = false;
    if (line.starts_with('=')) {
      crc = line.substr(1);
    } else {
      encoded += line;
    }
  }
  return std::nullopt;
}

}  // namespace

std::vector<std::string> read_armor(std::string_view text, std::string_view kind) {
  const std::string first_line = fmt::format("-----BEGIN {}-----", kind);
  const std::string last_line = fmt::format("-----END {}-----", kind);
  std::vector<std::string> blocks;
  while (!text.empty()) {
    if (take_line(text) != first_line) continue;
    if (auto packets = read_block(text, last_line)) blocks.push_back(std::move(*packets));
  }
  return blocks;
}

std::string write_armor(std::string_view packets, std::string_view kind) {
  std::string text = fmt::format("-----BEGIN {}-----\n\n", kind);
  const std::string encoded = base64_encode(packets);
  for (std::size_t at = 0; at < encoded.size(); at += 64) {
    text += fmt::format("{}\n", std::string_view(encoded).substr(at, 64));
  }
  return text + fmt::format("={}\n-----END {}-----\n", base64_encode(crc24(packets)), kind);
}

}  // namespace composer::rpm
