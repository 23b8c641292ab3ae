#include "composer/base/one_line.h"

namespace composer {

std::string one_line(std::string_view text, std::size_t most) {
  const bool cut = text.size() > most;
  if (cut) text = text.substr(0, most);
  std::string clean;
  clean.reserve(text.size() + 3);
  for (const char c : text) {
    if (c == '\t' || c == '\n' || c == '\r') {
      clean += ' ';
    } else {
      clean += c >= ' ' && c <= '~' ? c : '?';
    }
  }
  if (cut) clean += "...";
  return clean;
}

}  // namespace composer
