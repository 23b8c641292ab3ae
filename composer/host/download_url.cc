#include <cctype>
#include <fmt/format.h>

#include "composer/host/download.h"

namespace composer::host {
namespace {

constexpr std::string_view kFileScheme = "file://";

bool is_hex(char c) {
  return std::isxdigit(static_cast<unsigned char>(c)) != 0;
}

int value_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  return (c | 0x20) - 'a' + 10;
}

bool is_escape(std::string_view text, std::size_t at) {
  return text[at] == '%' && at + 2 < text.size() && is_hex(text[at + 1]) && is_hex(text[at + 2]);
}

/// RFC 3986 pchar and '/', without the characters that servers are known to take for something else
/// ('+' is a space to some object stores).
bool is_plain(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
         std::string_view("-._~!$&'()*,;=:@/").find(c) != std::string_view::npos;
}

std::string encode(std::string_view path, bool keep_escapes) {
  std::string out;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (is_plain(path[i]) || (keep_escapes && is_escape(path, i))) {
      out += path[i];
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(path[i]));
    }
  }
  return out;
}

}  // namespace

std::optional<std::filesystem::path> local_path(std::string_view url) {
  if (!url.starts_with(kFileScheme)) return std::nullopt;
  std::string_view rest = url.substr(kFileScheme.size());
  if (rest.starts_with("localhost/")) rest.remove_prefix(std::string_view("localhost").size());
  if (!rest.starts_with('/')) return std::nullopt;
  std::string path;
  for (std::size_t i = 0; i < rest.size(); ++i) {
    if (is_escape(rest, i)) {
      path += static_cast<char>(value_of(rest[i + 1]) * 16 + value_of(rest[i + 2]));
      i += 2;
    } else {
      path += rest[i];
    }
  }
  if (path.find('\0') != std::string::npos) return std::nullopt;
  return path;
}

std::string file_url(const std::filesystem::path& path) {
  return fmt::format("{}{}", kFileScheme, encode(path.string(), false));
}

std::string join_url(std::string_view base, std::string_view relative) {
  while (base.ends_with('/')) base.remove_suffix(1);
  while (relative.starts_with('/')) relative.remove_prefix(1);
  return fmt::format("{}/{}", base, encode(relative, !base.starts_with(kFileScheme)));
}

}  // namespace composer::host
