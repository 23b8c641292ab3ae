#include "composer/inspect/fat_names.h"

#include "composer/inspect/byte_order.h"

namespace composer::inspect {
namespace {

/// In the reserved byte: base and extension are shown in lower case (Windows NT and Linux).
constexpr std::uint8_t kLowerBase = 0x08, kLowerExtension = 0x10;

void append_utf8(std::string& text, std::uint32_t code) {
  const auto put = [&](std::uint32_t byte) { text += static_cast<char>(byte); };
  if (code < 0x80) return put(code);
  if (code < 0x800) {
    put(0xc0 | code >> 6);
  } else if (code < 0x10000) {
    put(0xe0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3f));
  } else {
    put(0xf0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3f));
    put(0x80 | (code >> 6 & 0x3f));
  }
  put(0x80 | (code & 0x3f));
}

std::string utf8(const std::u16string& units) {
  std::string text;
  for (std::size_t i = 0; i < units.size(); ++i) {
    std::uint32_t code = units[i];
    const bool high = code >= 0xd800 && code < 0xdc00;
    if (high && i + 1 < units.size() && units[i + 1] >= 0xdc00 && units[i + 1] < 0xe000) {
      code = 0x10000 + ((code - 0xd800) << 10) + (units[++i] - 0xdc00U);
    } else if (code >= 0xd800 && code < 0xe000) {
      code = 0xfffd;
    }
    append_utf8(text, code);
  }
  return text;
}

/// Which short name a long one belongs to. Source: the specification, "ChkSum".
std::uint8_t short_checksum(std::string_view name) {
  unsigned sum = 0;
  for (const char c : name.substr(0, 11)) {
    sum = ((sum & 1) << 7) + (sum >> 1) + static_cast<unsigned char>(c);
    sum &= 0xff;
  }
  return static_cast<std::uint8_t>(sum);
}

}  // namespace

std::string without_spaces(std::string_view padded) {
  const auto end = padded.find_last_not_of(' ');
  return std::string(padded.substr(0, end == std::string_view::npos ? 0 : end + 1));
}

std::string fat_lower(std::string_view text) {
  std::string turned(text);
  for (char& c : turned) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return turned;
}

void LongName::add(std::string_view entry) {
  const auto order = little_endian<std::uint8_t>(entry, 0);
  const auto sum = little_endian<std::uint8_t>(entry, 13);
  if ((order & 0x40) != 0) {
    units_.clear();
    next_ = order & 0x1f;
    sum_ = sum;
  } else if (next_ == 0 || (order & 0x1f) != next_ - 1 || sum != sum_) {
    return clear();
  } else {
    --next_;
  }
  if (next_ == 0 || next_ > 20) return clear();  // 255 characters at most.
  std::u16string piece;
  for (const auto& [at, count] : {std::pair{1, 5}, {14, 6}, {28, 2}}) {
    for (int i = 0; i < count; ++i) {
      piece += static_cast<char16_t>(
          little_endian<std::uint16_t>(entry, static_cast<std::size_t>(at + 2 * i)));
    }
  }
  units_ = piece.substr(0, piece.find(u'\0')) + units_;
}

std::string LongName::take(std::string_view entry) {
  const bool fits = next_ == 1 && sum_ == short_checksum(entry);
  std::string name = fits ? utf8(units_) : std::string();
  clear();
  return name;
}

std::string short_name(std::string_view entry) {
  // 0x05 stands for a first byte of 0xe5, which means "deleted".
  std::string raw(entry.substr(0, 11));
  if (raw[0] == 0x05) raw[0] = '\xe5';
  const auto cases = little_endian<std::uint8_t>(entry, 12);
  // As Linux shows it by default (shortname=mixed).
  std::string base = without_spaces(std::string_view(raw).substr(0, 8));
  std::string extension = without_spaces(std::string_view(raw).substr(8, 3));
  if ((cases & kLowerBase) != 0) base = fat_lower(base);
  if ((cases & kLowerExtension) != 0) extension = fat_lower(extension);
  std::string name = extension.empty() ? base : base + "." + extension;
  for (char& c : name) {
    if (static_cast<unsigned char>(c) >= 0x80) c = '?';  // Of a code page that is not known.
  }
  return name;
}

}  // namespace composer::inspect
