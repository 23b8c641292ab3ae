#include <algorithm>
#include <fmt/format.h>

#include "composer/blueprint/characters.h"
#include "composer/blueprint/lines.h"
#include "composer/blueprint/scalars.h"

// What stands in files of systemd: names of units and of their drop-ins, presets, tmpfiles.d.

namespace composer::blueprint {
namespace {

std::string_view take_word(std::string_view& rest) {
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  const std::string_view word = rest.substr(0, rest.find(' '));
  rest.remove_prefix(word.size());
  return word;
}

// systemd makes devices and scopes itself: a file for one is never read as a unit of its own.
std::optional<Refusal> read_unit_file(const Node& node, std::string& value) {
  if (auto refusal = kUnitName.read(node, value)) return refusal;
  if (!node.text.ends_with(".scope")) return std::nullopt;
  return Refusal{fmt::format("unit '{}' is a scope, which only programs can make", node.text),
                 "write a '.service'"};
}

std::optional<Refusal> check_drop_in_name(std::string_view text) {
  constexpr std::size_t kLongest = 255;
  const bool good = !text.empty() && text.size() <= kLongest && is_alphanumeric(text.front()) &&
                    holds_only(text, "._-");
  if (good && text.ends_with(".conf")) return std::nullopt;
  if (good) {
    return Refusal{fmt::format("drop-in '{}' does not end in '.conf', so systemd ignores it", text),
                   fmt::format("did you mean '{}.conf'?", text)};
  }
  return Refusal{fmt::format("'{}' is not the name of a drop-in", text),
                 "write it as '50-limits.conf'"};
}

// systemd.preset(5): `enable PATTERN [INSTANCE…]`, `disable PATTERN`, `ignore PATTERN`.
std::optional<Refusal> check_preset(std::string_view text) {
  if (auto refusal = check_line(text, "preset", 1024)) return refusal;
  std::string_view rest = text;
  const std::string_view verb = take_word(rest);
  if (verb != "enable" && verb != "disable" && verb != "ignore") {
    return Refusal{fmt::format("preset '{}' begins with '{}'", text, verb),
                   "write 'enable', 'disable' or 'ignore', and a unit or pattern"};
  }
  const std::string_view pattern = take_word(rest);
  if (pattern.empty() || !holds_only(pattern, ":_.\\@*?[]!-")) {
    return Refusal{fmt::format("preset '{}' names no unit", text),
                   fmt::format("write it as '{} sshd.service' or '{} debug-*'", verb, verb)};
  }
  if (pattern.find('.') == std::string_view::npos &&
      pattern.find_first_of("*?[") == std::string_view::npos) {
    return Refusal{fmt::format("preset '{}' fits no unit, since presets compare whole names", text),
                   fmt::format("did you mean '{} {}.service'?", verb, pattern)};
  }
  const bool instances = pattern.find("@.") != std::string_view::npos && verb == "enable";
  for (std::string_view word = take_word(rest); !word.empty(); word = take_word(rest)) {
    if (instances && holds_only(word, ":_.\\-")) continue;
    return Refusal{fmt::format("preset '{}' goes on after the unit with '{}'", text, word),
                   "instances follow 'enable' of a template only: 'enable getty@.service tty1'"};
  }
  return std::nullopt;
}

// tmpfiles.d(5): a type letter with modifiers, a path, and up to five more fields.
std::optional<Refusal> check_tmpfiles(std::string_view text) {
  constexpr std::string_view kTypes = "fFwdDevqQpLcbCxXrRzZtThHaA";
  constexpr std::string_view kModifiers = "+!-=~^$?";
  if (auto refusal = check_line(text, "tmpfiles line", 4096)) return refusal;
  if (text.front() == '#') {
    return Refusal{"a comment does nothing", "write it as a comment of the blueprint"};
  }
  std::string_view rest = text;
  const std::string_view type = take_word(rest);
  if (kTypes.find(type.front()) == std::string_view::npos ||
      type.find_first_not_of(kModifiers, 1) != std::string_view::npos) {
    return Refusal{fmt::format("tmpfiles line begins with '{}', which is no type", type),
                   "write it as 'd /run/app 0755 app app -'; tmpfiles.d(5) lists the types"};
  }
  const std::string_view path = take_word(rest);
  if (path.empty() || (path.front() != '/' && path.front() != '%' && path.front() != '"')) {
    return Refusal{fmt::format("tmpfiles line '{}' has no absolute path", text),
                   "write it as 'd /run/app 0755 app app -'"};
  }
  return std::nullopt;
}

std::optional<Refusal> check_unit_text(std::string_view text) {
  constexpr std::size_t kLongest = 256 * 1024;
  if (text.size() > kLongest) {
    return Refusal{fmt::format("content is {} bytes long", text.size()),
                   fmt::format("use at most {}, or 'source'", kLongest)};
  }
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    if (line.starts_with('[') && line.find(']') != std::string_view::npos) return std::nullopt;
  }
  return Refusal{"no section in the content, so systemd would ignore all of it",
                 "begin with a section such as '[Service]', on a line of its own"};
}

}  // namespace

constinit const Scalar<std::string> kUnitFile = {
    {"a unit name", "A systemd unit; `.service` is meant where there is no suffix."},
    read_unit_file};
constinit const Scalar<std::string> kDropInName = {
    {"a drop-in", "A file name that ends in `.conf`, such as `50-limits.conf`."},
    checked_text<check_drop_in_name>};
constinit const Scalar<std::string> kPreset = {
    {"a preset", "`enable`, `disable` or `ignore` and a unit with its suffix, or a pattern."},
    checked_text<check_preset>};
constinit const Scalar<std::string> kTmpfilesLine = {
    {"a line of tmpfiles.d", "Type, absolute path and what else tmpfiles.d(5) says."},
    checked_text<check_tmpfiles>};
constinit const Scalar<std::string> kUnitText = {{"the text of a unit", "With its sections."},
                                                 checked_text<check_unit_text>};

}  // namespace composer::blueprint
