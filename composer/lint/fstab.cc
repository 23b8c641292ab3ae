#include "composer/lint/fstab.h"

#include <algorithm>

#include "composer/lint/config_text.h"

namespace composer::lint {
namespace {

std::string unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto octal = [&](std::size_t at) {
      return at < text.size() && text[at] >= '0' && text[at] <= '7';
    };
    if (text[i] == '\\' && octal(i + 1) && octal(i + 2) && octal(i + 3)) {
      out += static_cast<char>((text[i + 1] - '0') << 6 | (text[i + 2] - '0') << 3 |
                               (text[i + 3] - '0'));
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

}  // namespace

bool FstabEntry::has_option(std::string_view option) const {
  return std::find(options.begin(), options.end(), option) != options.end();
}

std::vector<FstabEntry> read_fstab(std::string_view text) {
  std::vector<FstabEntry> entries;
  int number = 0;
  for (const std::string_view line : lines_of(text)) {
    ++number;
    const std::vector<std::string_view> words = words_of(line);
    if (words.size() < 3 || words[0].starts_with('#')) continue;
    FstabEntry entry{number, unescaped(words[0]), unescaped(words[1]), std::string(words[2]), {}};
    if (entry.device.size() > 2 && entry.device.find("=\"") != std::string::npos) {
      std::erase(entry.device, '"');
    }
    std::string_view options = words.size() > 3 ? words[3] : std::string_view();
    while (!options.empty()) {
      const std::size_t comma = std::min(options.find(','), options.size());
      if (comma > 0) entry.options.push_back(unescaped(options.substr(0, comma)));
      options.remove_prefix(std::min(comma + 1, options.size()));
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

}  // namespace composer::lint
