#include <algorithm>
#include <chrono>
#include <fmt/format.h>

#include "composer/blueprint/characters.h"
#include "composer/blueprint/lines.h"
#include "composer/blueprint/scalars.h"

// Texts that become lines of configuration files: each has to stay one line, and to mean there what
// its author wrote, so what ends a line, continues it on the next or begins a comment is refused.

namespace composer::blueprint {
namespace {

std::optional<Refusal> check_keymap(std::string_view text) {
  constexpr std::size_t kLongest = 64;
  if (text.size() <= kLongest && !text.empty() && is_alphanumeric(text.front()) &&
      holds_only(text, "._+-")) {
    return std::nullopt;
  }
  return Refusal{fmt::format("'{}' is not a keymap", text),
                 "write it as 'localectl list-keymaps' does: 'us', 'de-nodeadkeys'"};
}

// sysctl.d(5): levels are separated by '.' or '/', and the other one stands in names of devices.
std::optional<Refusal> check_sysctl_name(std::string_view text) {
  constexpr std::size_t kLongest = 200;
  if (text.starts_with('-')) {
    return Refusal{
        fmt::format("sysctl '{}' begins with '-', which would hide that it failed", text),
        "leave the '-' out"};
  }
  if (text.find_first_of("*?[") != std::string_view::npos) {
    return Refusal{fmt::format("sysctl '{}' holds a wildcard", text),
                   "name each one; 'net.ipv4.conf.all' and '.default' are for all interfaces"};
  }
  if (text.size() <= kLongest && !text.empty() && is_alphanumeric(text.front()) &&
      text.find_first_of("./") != std::string_view::npos && is_alphanumeric(text.back()) &&
      holds_only(text, "._/:@-") && text.find("..") == std::string_view::npos &&
      text.find("//") == std::string_view::npos) {
    return std::nullopt;
  }
  return Refusal{fmt::format("'{}' is not the name of a sysctl", text),
                 "write it as 'sysctl -a' does: 'net.ipv4.ip_forward'"};
}

std::optional<Refusal> check_sysctl_value(std::string_view text) {
  return check_line(text, "value of a sysctl", 1024);
}

// MODULE_NAME_LEN of the kernel's include/linux/moduleparam.h less its NUL: 64 - sizeof(long) - 1.
std::optional<Refusal> check_module_name(std::string_view text) {
  constexpr std::size_t kLongest = 55;
  if (text.ends_with(".ko")) {
    return Refusal{fmt::format("'{}' is a file, not the name of a module", text),
                   fmt::format("did you mean '{}'?", text.substr(0, text.size() - 3))};
  }
  if (text.size() <= kLongest && !text.empty() && is_alphanumeric(text.front()) &&
      holds_only(text, "_-")) {
    return std::nullopt;
  }
  return Refusal{fmt::format("'{}' is not the name of a kernel module", text),
                 "write it as 'lsmod' does: 'br_netfilter'"};
}

std::optional<Refusal> check_module_options(std::string_view text) {
  if (auto refusal = check_line(text, "list of module options", 1024)) return refusal;
  bool quoted = false;
  for (const char c : text) quoted = quoted != (c == '"');
  if (quoted) return Refusal{"a quote in the module options that is not closed", "close it"};
  if (is_alphanumeric(text.front())) return std::nullopt;
  return Refusal{fmt::format("'{}' are not module options", text),
                 "write them as 'name=value', with a space between two"};
}

// sudoers(5), "@includedir": files whose name ends in '~' or holds a '.' are skipped.
std::optional<Refusal> check_sudoers_name(std::string_view text) {
  constexpr std::size_t kLongest = 200;
  const auto ignored = text.find_first_of(".~");
  if (ignored != std::string_view::npos && holds_only(text, "._~-")) {
    std::string plain(text);
    std::replace_if(
        plain.begin(), plain.end(), [](char c) { return c == '.' || c == '~'; }, '-');
    return Refusal{
        fmt::format("sudo ignores a file with '{}' in its name, such as '{}'", text[ignored], text),
        fmt::format("did you mean '{}'?", plain)};
  }
  if (!text.empty() && text.size() <= kLongest && is_alphanumeric(text.front()) &&
      holds_only(text, "_-")) {
    return std::nullopt;
  }
  return Refusal{fmt::format("'{}' is not the name of a file of sudoers", text),
                 "begin with a letter or digit, and use only letters, digits, '_', '-'"};
}

std::optional<Refusal> check_sudo_rule(std::string_view text) {
  if (auto refusal = check_line(text, "sudo rule", 4096)) return refusal;
  if (text.starts_with("@include") || text.starts_with("#include")) {
    return Refusal{"a sudo rule that reads other files", "give their rules here"};
  }
  if (text.front() == '#' && (text.size() == 1 || !is_digit(text[1]))) {
    return Refusal{"a comment gives no rule", "write it as a comment of the blueprint"};
  }
  return std::nullopt;
}

// The last year that a VM of today could live to see; a later one is a typing mistake.
constexpr int kFirstYear = 1971, kLastYear = 2199;

std::optional<Refusal> check_date(std::string_view text) {
  constexpr std::string_view kHint = "write it as 2027-03-31";
  const auto number = [&](std::size_t from, std::size_t count) {
    int value = 0;
    for (const char c : text.substr(from, count)) value = value * 10 + (c - '0');
    return value;
  };
  bool good = text.size() == 10;
  for (std::size_t i = 0; good && i < text.size(); ++i) {
    good = i == 4 || i == 7 ? text[i] == '-' : is_digit(text[i]);
  }
  if (!good) return Refusal{fmt::format("'{}' is not a date", text), std::string(kHint)};
  const std::chrono::year_month_day date{std::chrono::year(number(0, 4)),
                                         std::chrono::month(static_cast<unsigned>(number(5, 2))),
                                         std::chrono::day(static_cast<unsigned>(number(8, 2)))};
  if (!date.ok()) {
    return Refusal{fmt::format("there is no {}", text), "the calendar has no such day"};
  }
  if (number(0, 4) >= kFirstYear && number(0, 4) <= kLastYear) return std::nullopt;
  return Refusal{fmt::format("'{}' is out of range", text),
                 fmt::format("years from {} to {}", kFirstYear, kLastYear)};
}

std::optional<Refusal> check_motd(std::string_view text) {
  constexpr std::size_t kLongest = 64 * 1024;
  if (text.empty()) return Refusal{"an empty message", "remove the key, or give a text"};
  if (text.size() <= kLongest) return std::nullopt;
  return Refusal{fmt::format("message is {} bytes long", text.size()),
                 fmt::format("use at most {}", kLongest)};
}

}  // namespace

constinit const Scalar<std::string> kSudoersName = {
    {"the name of a file", "Letters, digits, `_` and `-`: sudo ignores names with `.` or `~`."},
    checked_text<check_sudoers_name>};
constinit const Scalar<std::string> kSudoRule = {
    {"a sudo rule", "One line, as sudoers(5) has it: `%ops ALL=(ALL) NOPASSWD: ALL`."},
    checked_text<check_sudo_rule>};
constinit const Scalar<std::string> kDate = {{"a date", "`YYYY-MM-DD`."}, checked_text<check_date>};
constinit const Scalar<std::string> kMotd = {{"a text", "At most 64 KiB."},
                                             checked_text<check_motd>};
constinit const Scalar<std::string> kKeymap = {
    {"a keymap", "A keymap of the console, such as `us` or `de-nodeadkeys`."},
    checked_text<check_keymap>};
constinit const Scalar<std::string> kSysctlName = {
    {"the name of a sysctl", "Names are as `sysctl -a` writes them, without wildcards."},
    checked_text<check_sysctl_name>};
constinit const Scalar<std::string> kSysctlValue = {{"a value", "One line."},
                                                    checked_text<check_sysctl_value>};
constinit const Scalar<std::string> kModuleName = {
    {"a kernel module", "Letters, digits, `_` and `-`, without `.ko`."},
    checked_text<check_module_name>};
constinit const Scalar<std::string> kModuleOptions = {
    {"module options", "`name=value`, with a space between two."},
    checked_text<check_module_options>};

}  // namespace composer::blueprint
