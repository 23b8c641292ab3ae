#pragma once

#include <algorithm>
#include <string_view>

// Classes of ASCII characters, whatever the locale.

namespace composer::blueprint {

constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
constexpr bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
constexpr bool is_letter(char c) {
  return is_lower(c) || (c >= 'A' && c <= 'Z');
}
constexpr bool is_alphanumeric(char c) {
  return is_letter(c) || is_digit(c);
}
constexpr bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}
/// Printable and no space; every byte of a character beyond ASCII counts as one.
constexpr bool is_visible(char c) {
  return static_cast<unsigned char>(c) > 0x20 && c != 0x7f;
}
constexpr bool is_ascii(char c) {
  return static_cast<unsigned char>(c) < 0x80;
}

/// Whether every character of `text` is alphanumeric or one of `others`.
constexpr bool holds_only(std::string_view text, std::string_view others) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return is_alphanumeric(c) || others.find(c) != std::string_view::npos;
  });
}

}  // namespace composer::blueprint
