#include "composer/disk/fat_name.h"

#include <algorithm>
#include <chrono>
#include <fmt/format.h>
#include <map>
#include <optional>
#include <set>

#include "composer/error.h"

namespace composer::disk {
namespace {

constexpr std::size_t kUnitsPerSlot = 13;
constexpr std::size_t kLongestName = 255;  // UTF-16 units.

/// UTF-8 to UTF-16, or nothing when it is not valid UTF-8 (overlong forms and surrogates are not).
std::optional<std::u16string> to_utf16(std::string_view text) {
  std::u16string out;
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t length = lead < 0x80           ? 1
                               : (lead >> 5) == 0x06 ? 2
                               : (lead >> 4) == 0x0e ? 3
                               : (lead >> 3) == 0x1e ? 4
                                                     : 0;
    if (length == 0 || i + length > text.size()) return std::nullopt;
    char32_t code = length == 1 ? lead : lead & (0x7fu >> length);
    for (std::size_t k = 1; k < length; ++k) {
      const auto next = static_cast<unsigned char>(text[i + k]);
      if ((next >> 6) != 0x02) return std::nullopt;
      code = code << 6 | (next & 0x3f);
    }
    constexpr char32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
    if (code < kSmallest[length] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) {
      return std::nullopt;
    }
    if (code < 0x10000) {
      out.push_back(static_cast<char16_t>(code));
    } else {
      out.push_back(static_cast<char16_t>(0xd800 + ((code - 0x10000) >> 10)));
      out.push_back(static_cast<char16_t>(0xdc00 + ((code - 0x10000) & 0x3ff)));
    }
    i += length;
  }
  return out;
}

char upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

std::string folded(std::string_view name) {
  std::string out(name);
  std::transform(out.begin(), out.end(), out.begin(), upper);
  return out;
}

bool is_short_character(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("!#$%&'()-@^_`{}~").find(c) != std::string_view::npos;
}

/// The alias that is the name itself but for the case of its letters, or nothing.
std::optional<std::array<char, 11>> exact_alias(std::string_view name) {
  const std::size_t dot = name.find('.');
  const std::string base = folded(name.substr(0, dot));
  const std::string extension =
      dot == std::string_view::npos ? std::string() : folded(name.substr(dot + 1));
  if (base.empty() || base.size() > 8 || extension.size() > 3) return std::nullopt;
  if (dot != std::string_view::npos && extension.empty()) return std::nullopt;
  if (!std::all_of(base.begin(), base.end(), is_short_character) ||
      !std::all_of(extension.begin(), extension.end(), is_short_character)) {
    return std::nullopt;
  }
  std::array<char, 11> alias;
  alias.fill(' ');
  std::copy(base.begin(), base.end(), alias.begin());
  std::copy(extension.begin(), extension.end(), alias.begin() + 8);
  return alias;
}

/// What an alias may keep of a part of a name: no spaces or dots, `_` for what it cannot hold.
std::string short_part(std::string_view part, std::size_t most) {
  std::string out;
  for (const char c : part) {
    if (c == ' ' || c == '.') continue;
    if ((static_cast<unsigned char>(c) & 0xc0) == 0x80) continue;  // One `_` per character.
    if (out.size() < most) out.push_back(is_short_character(upper(c)) ? upper(c) : '_');
  }
  return out;
}

std::array<char, 11> numbered_alias(std::string_view base, std::string_view extension,
                                    std::uint32_t number) {
  const std::string tail = fmt::format("~{}", number);
  const std::string text = std::string(base.substr(0, 8 - tail.size())) + tail;
  std::array<char, 11> alias;
  alias.fill(' ');
  std::copy(text.begin(), text.end(), alias.begin());
  std::copy(extension.begin(), extension.end(), alias.begin() + 8);
  return alias;
}

std::uint8_t alias_checksum(const std::array<char, 11>& alias) {
  std::uint8_t sum = 0;
  for (const char c : alias) {
    sum = static_cast<std::uint8_t>(((sum & 1) << 7) + (sum >> 1) + static_cast<unsigned char>(c));
  }
  return sum;
}

void put16(std::string& entry, std::size_t at, std::uint32_t value) {
  entry[at] = static_cast<char>(value & 0xff);
  entry[at + 1] = static_cast<char>(value >> 8 & 0xff);
}

struct FatTime {
  std::uint32_t date, time;
};

FatTime fat_time(std::int64_t seconds) {
  using namespace std::chrono;
  const std::int64_t first = sys_seconds(sys_days(1980y / 1 / 1)).time_since_epoch().count();
  const std::int64_t last = sys_seconds(sys_days(2108y / 1 / 1)).time_since_epoch().count() - 2;
  const sys_seconds at{std::chrono::seconds(std::clamp(seconds, first, last))};
  const sys_days day = floor<days>(at);
  const year_month_day date(day);
  const hh_mm_ss clock(at - day);
  const auto year = static_cast<std::uint32_t>(static_cast<int>(date.year()) - 1980);
  return {year << 9 | static_cast<unsigned>(date.month()) << 5 | static_cast<unsigned>(date.day()),
          static_cast<std::uint32_t>(clock.hours().count()) << 11 |
              static_cast<std::uint32_t>(clock.minutes().count()) << 5 |
              static_cast<std::uint32_t>(clock.seconds().count()) / 2};
}

std::string short_entry(const std::array<char, 11>& alias, FatKind kind,
                        std::uint32_t first_cluster, std::uint32_t size, std::int64_t seconds) {
  const FatTime at = fat_time(seconds);
  std::string entry(32, '\0');
  std::copy(alias.begin(), alias.end(), entry.begin());
  entry[11] = kind == FatKind::directory ? 0x10 : 0x20;
  put16(entry, 14, at.time);  // Created.
  put16(entry, 16, at.date);
  put16(entry, 18, at.date);  // Read.
  put16(entry, 20, first_cluster >> 16);
  put16(entry, 22, at.time);  // Written.
  put16(entry, 24, at.date);
  put16(entry, 26, first_cluster & 0xffff);
  put16(entry, 28, size & 0xffff);
  put16(entry, 30, size >> 16);
  return entry;
}

}  // namespace

std::size_t FatName::slots() const {
  return 1 + (long_name.size() + kUnitsPerSlot - 1) / kUnitsPerSlot;
}

std::string fat_name_problem(std::string_view name) {
  if (name.empty()) return "is empty";
  for (const char c : name) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return "has a control character";
    if (std::string_view("\"*/:<>?\\|").find(c) != std::string_view::npos) {
      return fmt::format("has the character '{}'", c);
    }
  }
  if (name.back() == '.' || name.back() == ' ') return "ends in a dot or a space";
  const auto units = to_utf16(name);
  if (!units) return "is not valid UTF-8";
  if (units->size() > kLongestName)
    return fmt::format("is longer than {} characters", kLongestName);
  return {};
}

std::vector<FatName> fat_names(const std::vector<std::string>& names, std::string_view directory) {
  std::map<std::string, std::string_view> seen;
  std::set<std::array<char, 11>> used;
  std::vector<FatName> out(names.size());
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto [other, inserted] = seen.emplace(folded(names[i]), names[i]);
    if (!inserted) {
      throw Error(ErrorKind::build, fmt::format("'{}' and '{}' in '{}' are one name to vfat",
                                                other->second, names[i], directory));
    }
    out[i].name = names[i];
    const auto alias = exact_alias(names[i]);
    if (!alias) continue;
    out[i].alias = *alias;
    used.insert(*alias);
    // Lower-case letters are kept by a long name: the two flags that could say so are not read by
    // every firmware.
    if (folded(names[i]) != names[i]) out[i].long_name = to_utf16(names[i]).value_or(u"");
  }
  std::map<std::pair<std::string, std::string>, std::uint32_t> last_number;
  for (FatName& name : out) {
    if (name.alias[0] != '\0') continue;
    name.long_name = to_utf16(name.name).value_or(u"");
    const std::size_t dot = name.name.find_last_of('.');
    const bool has_extension = dot != std::string::npos && dot != 0;
    std::string base = short_part(
        std::string_view(name.name).substr(0, has_extension ? dot : std::string::npos), 6);
    if (base.empty()) base = "_";
    const std::string extension =
        has_extension ? short_part(std::string_view(name.name).substr(dot + 1), 3) : std::string();
    std::uint32_t& number = last_number[{base, extension}];
    do {
      name.alias = numbered_alias(base, extension, ++number);
    } while (!used.insert(name.alias).second);
  }
  return out;
}

std::string fat_entries(const FatName& name, FatKind kind, std::uint32_t first_cluster,
                        std::uint32_t size, std::int64_t seconds) {
  std::string out;
  const std::size_t parts = name.slots() - 1;
  for (std::size_t part = parts; part > 0; --part) {
    std::string entry(32, '\0');
    entry[0] = static_cast<char>(part == parts ? part | 0x40 : part);
    entry[11] = 0x0f;
    entry[13] = static_cast<char>(alias_checksum(name.alias));
    for (std::size_t k = 0; k < kUnitsPerSlot; ++k) {
      const std::size_t i = (part - 1) * kUnitsPerSlot + k;
      // The name, a NUL where there is room, then ones.
      const std::uint32_t unit = i < name.long_name.size()    ? name.long_name[i]
                                 : i == name.long_name.size() ? 0
                                                              : 0xffff;
      put16(entry, k < 5 ? 1 + 2 * k : k < 11 ? 14 + 2 * (k - 5) : 28 + 2 * (k - 11), unit);
    }
    out += entry;
  }
  return out + short_entry(name.alias, kind, first_cluster, size, seconds);
}

std::string fat_dot_entries(std::uint32_t own_cluster, std::uint32_t parent_cluster,
                            std::int64_t seconds) {
  std::array<char, 11> alias;
  alias.fill(' ');
  alias[0] = '.';
  std::string out = short_entry(alias, FatKind::directory, own_cluster, 0, seconds);
  alias[1] = '.';
  return out + short_entry(alias, FatKind::directory, parent_cluster, 0, seconds);
}

}  // namespace composer::disk
