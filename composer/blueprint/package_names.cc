#include <fmt/format.h>

#include "composer/blueprint/characters.h"
#include "composer/blueprint/paths.h"
#include "composer/blueprint/scalars.h"

// What packages may be called by. The solver decides whether there is one; what is refused here
// could never be the name of one.

namespace composer::blueprint {
namespace {

constexpr std::string_view kNameOthers = "._+-";
constexpr std::string_view kGlobOthers = "._+~^:-*?[]!";
constexpr std::string_view kVersionOthers = "._+~^:-";
constexpr std::string_view kOperators[] = {">=", "<=", "=", ">", "<"};

std::string_view without_spaces(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

bool begins_like_a_name(std::string_view text) {
  return !text.empty() && (is_alphanumeric(text[0]) || text[0] == '_' || text[0] == '*' ||
                           text[0] == '?' || text[0] == '[');
}

/// `perl(Foo::Bar)`, `libc.so.6(GLIBC_2.34)(64bit)`: a capability, whose brackets match.
bool is_capability(std::string_view text) {
  int depth = 0;
  for (const char c : text) {
    if (!is_visible(c) || !is_ascii(c)) return false;
    depth += c == '(' ? 1 : c == ')' ? -1 : 0;
    if (depth < 0) return false;
  }
  return depth == 0 && begins_like_a_name(text);
}

/// `[epoch:]version[-release]`: at most one colon, digits before it, at most one dash.
bool is_version(std::string_view text) {
  if (!holds_only(text, kVersionOthers)) return false;
  if (const auto colon = text.find(':'); colon != std::string_view::npos) {
    const std::string_view epoch = text.substr(0, colon);
    if (epoch.empty() || !std::all_of(epoch.begin(), epoch.end(), is_digit)) return false;
    text.remove_prefix(colon + 1);
    if (text.find(':') != std::string_view::npos) return false;
  }
  const auto dash = text.find('-');
  if (dash == std::string_view::npos) return !text.empty();
  return dash > 0 && dash + 1 < text.size() && text.find('-', dash + 1) == std::string_view::npos;
}

Refusal not_a_package(std::string_view text) {
  return {fmt::format("'{}' is not a package request", text),
          "write a name, 'name.arch', a pattern 'name-1.2*', 'name >= 1.2', a capability "
          "'perl(Foo)', a file '/usr/bin/vim' or a group '@core'"};
}

std::optional<Refusal> check_comparison(std::string_view text, std::size_t at) {
  const std::string_view name = without_spaces(text.substr(0, at));
  std::string_view rest = text.substr(at);
  std::string_view comparison;
  for (const std::string_view known : kOperators) {
    if (rest.starts_with(known)) {
      comparison = known;
      break;
    }
  }
  const auto version_at = rest.find_first_not_of("<>=!~");
  const std::string_view written = rest.substr(0, std::min(version_at, rest.size()));
  if (written != comparison) {
    return Refusal{fmt::format("unknown comparison '{}' in '{}'", written, text),
                   written == "==" ? "did you mean '='?" : "use '=', '>=', '<=', '>' or '<'"};
  }
  const std::string_view version =
      version_at == std::string_view::npos ? "" : without_spaces(rest.substr(version_at));
  if (version.empty()) {
    return Refusal{fmt::format("no version after '{}' in '{}'", comparison, text),
                   fmt::format("write it as '{} {} 1.2'", name, comparison)};
  }
  if (!is_version(version)) {
    return Refusal{fmt::format("'{}' in '{}' is not a version", version, text),
                   "write it as '[epoch:]version[-release]', such as '255' or '1:2.3-4'"};
  }
  if (name.find_first_of("*?[") != std::string_view::npos) {
    return Refusal{fmt::format("a pattern and a comparison in '{}'", text),
                   "compare the version of one name"};
  }
  const bool named = name.find('(') != std::string_view::npos
                         ? is_capability(name)
                         : begins_like_a_name(name) && holds_only(name, kNameOthers);
  if (!named) return not_a_package(text);
  if (const std::string form = fmt::format("{} {} {}", name, comparison, version); form != text) {
    return Refusal{fmt::format("'{}' needs one space on either side of '{}'", text, comparison),
                   fmt::format("did you mean '{}'?", form)};
  }
  return std::nullopt;
}

std::optional<Refusal> check_group(std::string_view text) {
  std::string_view id = text.substr(1);
  if (id.starts_with('^')) {
    return Refusal{fmt::format("'{}' is an environment of groups, which is not supported", text),
                   "name its groups"};
  }
  if (!id.empty() && is_alphanumeric(id.front()) && holds_only(id, kNameOthers))
    return std::nullopt;
  return Refusal{fmt::format("'{}' is not a group", text), "write '@' and the group's id: '@core'"};
}

std::optional<Refusal> check_common(std::string_view text) {
  if (text.empty()) return Refusal{"an empty package request", "name a package"};
  if (text != without_spaces(text)) {
    return Refusal{fmt::format("spaces around '{}'", without_spaces(text)), "remove them"};
  }
  if (text.ends_with(".rpm") || is_url(text)) {
    return Refusal{fmt::format("'{}' is a file, and packages come from repositories alone", text),
                   "put it into a repository with createrepo_c, and name the package"};
  }
  return std::nullopt;
}

std::optional<Refusal> check_package_request(std::string_view text) {
  if (auto refusal = check_common(text)) return refusal;
  if (text.starts_with('/')) {
    if (auto refusal = check_absolute_path(text, "file")) return refusal;
    if (std::all_of(text.begin(), text.end(), is_visible)) return std::nullopt;
    return not_a_package(text);
  }
  if (text.starts_with('@')) return check_group(text);
  if (text.starts_with('(')) {
    return Refusal{fmt::format("'{}' is a rich dependency, which a request cannot be", text),
                   "choose one of its packages"};
  }
  if (auto at = text.find_first_of("<>=!");
      at != std::string_view::npos && text.substr(0, at).find('[') == std::string_view::npos) {
    while (at > 0 && text[at - 1] == '~') --at;  // `~>` of other package managers
    return check_comparison(text, at);
  }
  if (const auto space = std::find_if(text.begin(), text.end(), is_space); space != text.end()) {
    const std::string_view first = text.substr(0, static_cast<std::size_t>(space - text.begin()));
    return Refusal{
        fmt::format("a space in '{}'", text),
        fmt::format("one package per entry; a version needs a comparison: '{} >= 1.2'", first)};
  }
  if (text.find('(') != std::string_view::npos && is_capability(text)) return std::nullopt;
  if (begins_like_a_name(text) && holds_only(text, kGlobOthers)) return std::nullopt;
  return not_a_package(text);
}

std::optional<Refusal> check_package_glob(std::string_view text) {
  if (auto refusal = check_common(text)) return refusal;
  if (begins_like_a_name(text) && holds_only(text, kGlobOthers)) return std::nullopt;
  return Refusal{fmt::format("'{}' is not a pattern of package names", text),
                 "write a name or NEVRA, perhaps with '*': 'fedora-*'"};
}

std::optional<Refusal> check_package_locale(std::string_view text) {
  if (text == "all") {
    return Refusal{"'all' is what holds without 'locales'", "remove the key"};
  }
  // The charset belongs to the running system's LANG; rpm would compare it with the marks.
  if (const auto dot = text.find('.'); dot != std::string_view::npos && dot > 0) {
    return Refusal{fmt::format("'{}' holds a character set, which files are not marked with", text),
                   fmt::format("write '{}'", text.substr(0, dot))};
  }
  if (!text.empty() && is_letter(text.front()) && holds_only(text, "_@")) return std::nullopt;
  return Refusal{fmt::format("'{}' is not a language of packages' files", text),
                 "write one such as 'en', 'en_US' or 'sr@latin'"};
}

}  // namespace

constinit const Scalar<std::string> kPackageRequest = {
    {"a package request",
     "A name, `name.arch`, a pattern on NEVRAs (`kernel-6.12*`), `name >= 1.2-3` (`=`, `<`, `<=`, "
     "`>`, `>=`), a capability (`perl(Foo)`), a file (`/usr/bin/vim`) or a group (`@core`)."},
    checked_text<check_package_request>};
constinit const Scalar<std::string> kPackageGlob = {
    {"a pattern of package names",
     "A name or NEVRA, in which `*`, `?` and `[…]` stand for others."},
    checked_text<check_package_glob>};
constinit const Scalar<std::string> kErasePattern = {
    {"a pattern of package names", "A name, in which `*`, `?` and `[…]` stand for others."},
    checked_text<check_package_glob>};
constinit const Scalar<std::string> kPackageLocale = {
    {"a language", "A language such as `en`, with a country or variant: `en_US`, `sr@latin`."},
    checked_text<check_package_locale>};

}  // namespace composer::blueprint
