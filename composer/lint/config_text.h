#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// The small formats of configuration files, read without trust: every function takes any bytes and
// returns what it understood.

namespace composer::lint {

std::string_view trimmed(std::string_view text);

/// The lines of a text without their ends. A NUL is a character like any other.
std::vector<std::string_view> lines_of(std::string_view text);

/// The lines that say something: trimmed, not empty, not beginning with `#`.
std::vector<std::string_view> settings_of(std::string_view text);
/// The lines refer to the text, which must outlive them.
std::vector<std::string_view> settings_of(std::string&& text) = delete;

/// The words of a line, divided by spaces and tabs.
std::vector<std::string_view> words_of(std::string_view line);

/// The words of a kernel command line, where double quotes hold spaces together.
std::vector<std::string> kernel_arguments_of(std::string_view line);

/// `KEY=value` lines as os-release(5) and sysconfig files have them, quotes taken off; the last of
/// two wins.
std::map<std::string, std::string> shell_assignments(std::string_view text);

/// The options of WALinuxAgent's file: a `#` after the value begins a comment, and the last of two
/// wins. Source: WALinuxAgent 2.12, azurelinuxagent/common/conf.py.
std::map<std::string, std::string> agent_options(std::string_view text);

/// `[section]` files: sections in their order, each with its keys (lower case) and values.
struct IniSection {
  std::string name;
  std::map<std::string, std::string> values;

  std::string_view value(const std::string& key) const;
};
std::vector<IniSection> ini_sections(std::string_view text);

/// Whether an option of an ini file is on: `1`, `yes`, `true`, `on`, in any case.
bool is_yes(std::string_view value);
/// Whether it is off: `0`, `no`, `false`, `off`.
bool is_no(std::string_view value);

/// A list that a top-level key of a YAML file holds: `key: [a, b]`, over several lines too, or
/// `- a` lines; of an item that is itself a list (`- [mounts, always]`), its first word.
struct YamlList {
  enum class State { absent, read, not_understood };
  State state = State::absent;
  std::vector<std::string> items;
};

/// Not a YAML reader (that is composer/blueprint's alone): it knows the two forms in which
/// cloud-init's lists are written and says when it meets another.
YamlList yaml_list(std::string_view text, std::string_view key);

/// Compares two versions as rpm does: below zero when `a` is older, zero when equal, else above.
/// Source: rpm 4.18, rpmio/rpmvercmp.c, without its `^`.
int compare_versions(std::string_view a, std::string_view b);

/// The text with control characters replaced by `?`, cut at 160 bytes: an image's own words in a
/// report.
std::string shown(std::string_view text);

}  // namespace composer::lint
