#include <fmt/format.h>
#include <vector>

#include "composer/blueprint/characters.h"
#include "composer/blueprint/scalars.h"

// Names whose rules come from elsewhere: hosts, locales, time zones, systemd units.

namespace composer::blueprint {
namespace {

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

// RFC 1123, section 2.1; 64 is Linux's HOST_NAME_MAX.
std::optional<Refusal> check_hostname(std::string_view text) {
  constexpr std::size_t kLongest = 64, kLongestLabel = 63;
  if (text.size() > kLongest) {
    return Refusal{fmt::format("host name is {} characters long", text.size()),
                   fmt::format("Linux allows at most {}", kLongest)};
  }
  for (const std::string_view label : split(text, '.')) {
    const bool good = !label.empty() && label.size() <= kLongestLabel && holds_only(label, "-") &&
                      label.front() != '-' && label.back() != '-';
    if (good) continue;
    return Refusal{
        fmt::format("'{}' is not a valid host name", text),
        label.find('_') != std::string_view::npos
            ? "host names have no '_'; use '-'"
            : "use letters, digits and '-' between dots, and '-' neither first nor last"};
  }
  return std::nullopt;
}

// language[_TERRITORY][.codeset][@modifier], as glibc's setlocale(3) says.
std::optional<Refusal> check_locale(std::string_view text) {
  std::string_view rest = text;
  const auto take = [&](char before, const auto& allowed) {
    if (!rest.starts_with(before)) return true;
    std::size_t n = 1;
    while (n < rest.size() && allowed(rest[n])) ++n;
    rest.remove_prefix(n);
    return n > 1;
  };
  std::size_t language = 0;
  while (language < rest.size() && is_letter(rest[language])) ++language;
  rest.remove_prefix(language);
  const bool good = language > 0 && language <= 8 && take('_', is_letter) &&
                    take('.', [](char c) { return is_alphanumeric(c) || c == '-'; }) &&
                    take('@', is_alphanumeric) && rest.empty();
  if (good) return std::nullopt;
  return Refusal{fmt::format("'{}' is not a locale", text),
                 "write it as 'C.UTF-8', 'en_US.UTF-8' or 'de_DE.UTF-8@euro'"};
}

// A file below /usr/share/zoneinfo, as localtime(5) says.
std::optional<Refusal> check_timezone(std::string_view text) {
  const std::vector<std::string_view> parts = split(text, '/');
  const bool good = parts.size() <= 3 && std::all_of(parts.begin(), parts.end(), [](auto part) {
                      return !part.empty() && is_letter(part.front()) && holds_only(part, "_+-");
                    });
  if (good) return std::nullopt;
  return Refusal{fmt::format("'{}' is not a time zone", text),
                 "write it as in /usr/share/zoneinfo: 'UTC', 'Europe/Berlin'"};
}

// systemd.unit(5).
constexpr std::string_view kUnitSuffixes[] = {".service", ".socket",    ".target", ".timer",
                                              ".mount",   ".automount", ".path",   ".swap",
                                              ".slice",   ".scope",     ".device"};

bool has_unit_suffix(std::string_view text) {
  return std::any_of(std::begin(kUnitSuffixes), std::end(kUnitSuffixes),
                     [&](std::string_view suffix) { return text.ends_with(suffix); });
}

std::optional<Refusal> read_unit(const Node& node, std::string& value) {
  value = has_unit_suffix(node.text) ? node.text : node.text + ".service";
  const std::string_view stem = std::string_view(value).substr(0, value.rfind('.'));
  if (value.size() <= 255 && !stem.empty() && holds_only(stem, ":_.\\@-") && stem.front() != '@' &&
      stem.front() != '.') {
    return std::nullopt;
  }
  if (node.text.find_first_of("*?[") != std::string::npos) {
    return Refusal{fmt::format("unit name '{}' holds a wildcard", node.text),
                   "name each unit; presets of the packages decide about the others"};
  }
  return Refusal{fmt::format("'{}' is not a unit name", node.text),
                 "write it as 'sshd' or 'sshd.service', 'fstrim.timer', 'getty@tty1'"};
}

std::optional<Refusal> read_target(const Node& node, std::string& value) {
  if (auto refusal = read_unit(node, value)) return refusal;
  if (value.ends_with(".target")) return std::nullopt;
  return Refusal{fmt::format("'{}' is not a target", node.text),
                 "write its suffix too: 'multi-user.target'"};
}

}  // namespace

constinit const Scalar<std::string> kHostname = {
    {"a host name", "RFC 1123: letters, digits and `-` between dots, at most 64 characters."},
    checked_text<check_hostname>};
constinit const Scalar<std::string> kLocale = {
    {"a locale", "`language[_TERRITORY][.codeset][@modifier]`, such as `C.UTF-8`."},
    checked_text<check_locale>};
constinit const Scalar<std::string> kTimezone = {
    {"a time zone", "A name below `/usr/share/zoneinfo`, such as `UTC` or `Europe/Berlin`."},
    checked_text<check_timezone>};
constinit const Scalar<std::string> kUnitName = {
    {"a unit name", "A systemd unit; `.service` is meant where there is no suffix."}, read_unit};
constinit const Scalar<std::string> kTargetName = {{"a target", "A systemd target."}, read_target};

}  // namespace composer::blueprint
