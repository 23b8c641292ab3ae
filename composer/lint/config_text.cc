#include "composer/lint/config_text.h"

#include <algorithm>
#include <cctype>

namespace composer::lint {
namespace {

constexpr std::string_view kBlank = " \t\r\n\f\v";

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

std::string_view without_quotes(std::string_view value) {
  if (value.size() >= 2 && (value.front() == '"' || value.front() == '\'') &&
      value.back() == value.front()) {
    return value.substr(1, value.size() - 2);
  }
  return value;
}

bool is_one_of(std::string_view value, std::initializer_list<std::string_view> words) {
  return std::any_of(words.begin(), words.end(), [&](std::string_view word) {
    return std::equal(word.begin(), word.end(), value.begin(), value.end(), [](char a, char b) {
      return a == std::tolower(static_cast<unsigned char>(b));
    });
  });
}

/// A YAML line without its comment; good enough where no `#` stands inside quotes.
std::string_view without_comment(std::string_view line) {
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '#' && (i == 0 || line[i - 1] == ' ' || line[i - 1] == '\t')) {
      return line.substr(0, i);
    }
  }
  return line;
}

/// The items of `a, 'b', [c, d]` between brackets; false when it is anything else.
bool read_flow_items(std::string_view text, std::vector<std::string>& items) {
  std::size_t at = 0;
  while (at < text.size()) {
    std::size_t end = at;
    int depth = 0;
    for (; end < text.size() && (depth > 0 || text[end] != ','); ++end) {
      if (text[end] == '[') ++depth;
      if (text[end] == ']' && --depth < 0) return false;
    }
    if (depth != 0) return false;
    std::string_view item = trimmed(text.substr(at, end - at));
    if (item.starts_with('[')) {
      std::vector<std::string> inner;
      if (!item.ends_with(']') || !read_flow_items(item.substr(1, item.size() - 2), inner) ||
          inner.empty()) {
        return false;
      }
      items.push_back(inner.front());
    } else if (!item.empty()) {
      if (item.find_first_of("{}&*!|>") != std::string_view::npos) return false;
      items.emplace_back(without_quotes(item));
    }
    at = end + 1;
  }
  return true;
}

}  // namespace

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.push_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::vector<std::string_view> settings_of(std::string_view text) {
  std::vector<std::string_view> settings;
  for (const std::string_view line : lines_of(text)) {
    const std::string_view said = trimmed(line);
    if (!said.empty() && said.front() != '#') settings.push_back(said);
  }
  return settings;
}

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  std::size_t at = 0;
  while ((at = line.find_first_not_of(kBlank, at)) != std::string_view::npos) {
    const std::size_t end = std::min(line.find_first_of(kBlank, at), line.size());
    words.push_back(line.substr(at, end - at));
    at = end;
  }
  return words;
}

std::vector<std::string> kernel_arguments_of(std::string_view line) {
  std::vector<std::string> arguments;
  std::string word;
  bool quoted = false, any = false;
  for (const char c : line) {
    if (c == '"') {
      quoted = !quoted;
      any = true;
    } else if (!quoted && kBlank.find(c) != std::string_view::npos) {
      if (any) arguments.push_back(std::move(word));
      word.clear();
      any = false;
    } else if (c != '\0') {
      word += c;
      any = true;
    }
  }
  if (any) arguments.push_back(std::move(word));
  return arguments;
}

std::map<std::string, std::string> shell_assignments(std::string_view text) {
  std::map<std::string, std::string> values;
  for (const std::string_view line : settings_of(text)) {
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    values[std::string(trimmed(line.substr(0, equals)))] =
        std::string(without_quotes(trimmed(line.substr(equals + 1))));
  }
  return values;
}

std::map<std::string, std::string> agent_options(std::string_view text) {
  std::map<std::string, std::string> values;
  for (auto& [key, value] : shell_assignments(text)) {
    values[key] = without_quotes(trimmed(std::string_view(value).substr(0, value.find('#'))));
  }
  return values;
}

std::string_view IniSection::value(const std::string& key) const {
  const auto found = values.find(key);
  return found == values.end() ? std::string_view() : std::string_view(found->second);
}

std::vector<IniSection> ini_sections(std::string_view text) {
  std::vector<IniSection> sections;
  for (const std::string_view line : settings_of(text)) {
    if (line.front() == ';') continue;
    if (line.front() == '[' && line.back() == ']') {
      sections.push_back({std::string(trimmed(line.substr(1, line.size() - 2))), {}});
      continue;
    }
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos || sections.empty()) continue;
    std::string key(trimmed(line.substr(0, equals)));
    std::transform(key.begin(), key.end(), key.begin(), [](char c) {
      return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    });
    sections.back().values[key] = std::string(trimmed(line.substr(equals + 1)));
  }
  return sections;
}

bool is_yes(std::string_view value) {
  return is_one_of(value, {"1", "yes", "true", "on"});
}

bool is_no(std::string_view value) {
  return is_one_of(value, {"0", "no", "false", "off"});
}

YamlList yaml_list(std::string_view text, std::string_view key) {
  // A list of a page is long already, and joining the lines of an endless one would take forever.
  constexpr std::size_t kLongest = 64 << 10;
  YamlList list;
  const std::vector<std::string_view> lines = lines_of(text);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    std::string_view line = without_comment(lines[i]);
    if (!line.starts_with(key) || !trimmed(line.substr(key.size())).starts_with(':')) continue;
    list = {YamlList::State::read, {}};
    const std::size_t colon = line.find(':', key.size());
    std::string value(trimmed(line.substr(colon + 1)));
    if (value.starts_with('[')) {
      while (value.find(']') == std::string::npos ||
             std::count(value.begin(), value.end(), '[') >
                 std::count(value.begin(), value.end(), ']')) {
        if (++i >= lines.size() || value.size() > kLongest) {
          return {YamlList::State::not_understood, {}};
        }
        value += " " + std::string(trimmed(without_comment(lines[i])));
      }
      if (!value.ends_with(']') ||
          !read_flow_items(std::string_view(value).substr(1, value.size() - 2), list.items)) {
        return {YamlList::State::not_understood, {}};
      }
      continue;
    }
    if (!value.empty()) return {YamlList::State::not_understood, {}};
    for (; i + 1 < lines.size(); ++i) {
      const std::string_view item = trimmed(without_comment(lines[i + 1]));
      if (item.empty()) continue;
      if (!item.starts_with("- ")) {
        // More of the item before, or a mapping where a list should be.
        const char first = lines[i + 1].front();
        if (first == ' ' || first == '\t') return {YamlList::State::not_understood, {}};
        break;
      }
      std::vector<std::string> read;
      if (!read_flow_items(item.substr(2), read) || read.size() != 1) {
        return {YamlList::State::not_understood, {}};
      }
      list.items.push_back(read.front());
    }
  }
  return list;
}

int compare_versions(std::string_view a, std::string_view b) {
  const auto skip = [](std::string_view& text) {
    while (!text.empty() && !is_digit(text.front()) && !is_letter(text.front()) &&
           text.front() != '~') {
      text.remove_prefix(1);
    }
  };
  const auto take = [](std::string_view& text, bool (*kind)(char)) {
    std::size_t n = 0;
    while (n < text.size() && kind(text[n])) ++n;
    const std::string_view taken = text.substr(0, n);
    text.remove_prefix(n);
    return taken;
  };
  while (true) {
    skip(a);
    skip(b);
    const bool tilde_a = a.starts_with('~'), tilde_b = b.starts_with('~');
    if (tilde_a || tilde_b) {
      if (tilde_a != tilde_b) return tilde_a ? -1 : 1;
      a.remove_prefix(1);
      b.remove_prefix(1);
      continue;
    }
    if (a.empty() || b.empty()) break;
    if (is_digit(a.front()) != is_digit(b.front())) return is_digit(a.front()) ? 1 : -1;
    if (is_digit(a.front())) {
      std::string_view x = take(a, is_digit), y = take(b, is_digit);
      while (x.starts_with('0')) x.remove_prefix(1);
      while (y.starts_with('0')) y.remove_prefix(1);
      if (x.size() != y.size()) return x.size() < y.size() ? -1 : 1;
      if (const int order = x.compare(y); order != 0) return order;
    } else if (const int order = take(a, is_letter).compare(take(b, is_letter)); order != 0) {
      return order;
    }
  }
  return a.empty() && b.empty() ? 0 : a.empty() ? -1 : 1;
}

std::string shown(std::string_view text) {
  constexpr std::size_t kMost = 160;
  std::string out;
  for (const char c : text.substr(0, kMost)) {
    out += static_cast<unsigned char>(c) < ' ' || c == '\x7f' ? '?' : c;
  }
  // A character of UTF-8 that is cut in two is no text.
  if (text.size() > kMost) {
    while (!out.empty() && (static_cast<unsigned char>(out.back()) & 0xc0) == 0x80) out.pop_back();
    if (!out.empty() && static_cast<unsigned char>(out.back()) >= 0xc0) out.pop_back();
    out += "…";
  }
  return out;
}

}  // namespace composer::lint
