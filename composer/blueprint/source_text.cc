#include "composer/blueprint/source_text.h"

#include <algorithm>
#include <fmt/format.h>

namespace composer::blueprint {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

}  // namespace

Character first_character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t bytes = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < bytes) return {};
  char32_t code = lead & (0xffu >> (bytes + 1));
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {};
    code = code << 6 | (byte(i) & 0x3fu);
  }
  constexpr char32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  if (code < kSmallest[bytes] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return {};
  return {code, bytes};
}

bool is_control(char32_t code) {
  if (code == '\n' || code == '\t') return false;
  return code < 0x20 || (code >= 0x7f && code < 0xa0);
}

bool misleads_the_eye(char32_t code) {
  return (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) || code == 0xfeff;
}

Text::Text(std::string text, std::string name) {
  if (text.starts_with(kByteOrderMark)) text.erase(0, kByteOrderMark.size());
  source_ = std::make_shared<const SourceText>(SourceText{std::move(name), std::move(text)});
  line_starts_.push_back(0);
  for (std::size_t i = 0; i < view().size(); ++i) {
    if (view()[i] == '\n') line_starts_.push_back(i + 1);
  }
}

std::size_t Text::line_index(std::size_t offset) const {
  const auto after = std::upper_bound(line_starts_.begin(), line_starts_.end(), offset);
  return static_cast<std::size_t>(after - line_starts_.begin()) - 1;
}

std::string_view Text::line_at(std::size_t offset) const {
  const std::size_t begin = line_starts_[line_index(std::min(offset, view().size()))];
  std::string_view line = view().substr(begin);
  line = line.substr(0, line.find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

Span Text::span(std::size_t offset, std::size_t length) const {
  offset = std::min(offset, view().size());
  const std::size_t line = line_index(offset);
  const std::size_t column = offset - line_starts_[line];
  const std::size_t width = line_at(offset).size();
  const std::size_t room = width > column ? width - column : 1;
  return {source_, static_cast<int>(line) + 1, static_cast<int>(column) + 1,
          static_cast<int>(std::clamp<std::size_t>(length, 1, room))};
}

std::size_t Text::offset_of(int line, int column) const {
  if (line < 0) return 0;
  const auto index = static_cast<std::size_t>(line);
  if (index >= line_starts_.size()) return view().size();
  return std::min(line_starts_[index] + static_cast<std::size_t>(std::max(column, 0)),
                  view().size());
}

std::optional<Problem> unreadable_bytes(const Text& text) {
  const std::string_view all = text.view();
  if (all.size() > kLargestBlueprint) {
    return Problem{fmt::format("the blueprint is larger than {} KiB", kLargestBlueprint >> 10),
                   text.span(0, 1),
                   {},
                   "put long contents into files of their own, named by 'source'"};
  }
  for (std::size_t i = 0; i < all.size();) {
    const Character c = first_character(all.substr(i));
    if (c.bytes == 0) {
      return Problem{fmt::format("byte 0x{:02x} is not UTF-8", static_cast<unsigned char>(all[i])),
                     text.span(i, 1),
                     {},
                     "save the file as UTF-8"};
    }
    if (is_control(c.code) && !all.substr(i).starts_with("\r\n")) {
      return Problem{
          fmt::format("control character U+{:04X} in the blueprint", static_cast<unsigned>(c.code)),
          text.span(i, c.bytes),
          {},
          c.code == '\r' ? "end lines with a line feed"
                         : "remove it, or write it as an escape in double quotes"};
    }
    if (misleads_the_eye(c.code)) {
      return Problem{fmt::format("invisible character U+{:04X}, which makes a text look other than "
                                 "it is",
                                 static_cast<unsigned>(c.code)),
                     text.span(i, c.bytes),
                     {},
                     "remove it"};
    }
    i += c.bytes;
  }
  return std::nullopt;
}

}  // namespace composer::blueprint
