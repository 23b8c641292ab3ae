#include <fmt/format.h>
#include <span>

#include "composer/blueprint/characters.h"
#include "composer/blueprint/checks.h"

// mkfs runs as root on the host, and several of its options name files and devices there (mke2fs -d
// and -J device=, mkfs.xfs -p and -l logdev=, mkfs.btrfs -r); an argument without an option is a
// device to be overwritten. So only options that say how the filesystem is made may be given.

namespace composer::blueprint {
namespace {

struct Option {
  std::string_view name;
  bool takes_value;
};

constexpr Option kExt4[] = {{"-b", true}, {"-C", true}, {"-E", true}, {"-g", true},
                            {"-G", true}, {"-i", true}, {"-I", true}, {"-J", true},
                            {"-m", true}, {"-N", true}, {"-O", true}, {"-T", true}};
constexpr Option kXfs[] = {{"-b", true}, {"-d", true}, {"-i", true}, {"-l", true}, {"-m", true},
                           {"-n", true}, {"-r", true}, {"-s", true}, {"-K", false}};
constexpr Option kBtrfs[] = {{"-d", true},         {"--data", true},
                             {"-m", true},         {"--metadata", true},
                             {"-M", false},        {"--mixed", false},
                             {"-n", true},         {"--nodesize", true},
                             {"-s", true},         {"--sectorsize", true},
                             {"-O", true},         {"--features", true},
                             {"-R", true},         {"--runtime-features", true},
                             {"--checksum", true}, {"--csum", true},
                             {"-K", false},        {"--nodiscard", false}};
constexpr Option kVfat[] = {{"-F", true}, {"-s", true}, {"-S", true}, {"-R", true},
                            {"-r", true}, {"-f", true}, {"-a", false}};
constexpr Option kSwap[] = {{"-p", true}, {"--pagesize", true}};

std::span<const Option> options_of(FilesystemType type) {
  switch (type) {
    case FilesystemType::ext4:
      return kExt4;
    case FilesystemType::xfs:
      return kXfs;
    case FilesystemType::btrfs:
      return kBtrfs;
    case FilesystemType::vfat:
      return kVfat;
    case FilesystemType::swap:
      return kSwap;
  }
  return {};
}

std::string names_of(std::span<const Option> options) {
  std::string out;
  for (const Option& option : options)
    out += fmt::format("{}{}", out.empty() ? "" : " ", option.name);
  return out;
}

/// Whether a value names something outside the filesystem that is made: a path, or a suboption that
/// takes a device or file.
bool names_a_file(std::string_view value) {
  constexpr std::string_view kSuboptions[] = {"device=", "logdev=", "rtdev=", "name=", "file"};
  if (value.find('/') != std::string_view::npos) return true;
  for (std::string_view rest = value; !rest.empty();) {
    const auto end = std::min(rest.find(','), rest.size());
    const std::string_view part = rest.substr(0, end);
    for (const std::string_view suboption : kSuboptions) {
      if (part.starts_with(suboption)) return true;
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return false;
}

/// Splits `-O^64bit` and `--nodesize=16384` into the option and what is attached to it.
std::pair<std::string_view, std::string_view> split_option(std::string_view text) {
  if (text.starts_with("--")) {
    const auto equals = text.find('=');
    if (equals == std::string_view::npos) return {text, {}};
    return {text.substr(0, equals), text.substr(equals + 1)};
  }
  return {text.substr(0, 2), text.substr(std::min<std::size_t>(2, text.size()))};
}

std::string_view why_not(std::string_view option) {
  if (option == "-L" || option == "--label" || option == "-n") {
    return "give the label as 'filesystem_label'";
  }
  if (option == "-U" || option == "--uuid") return "UUIDs come from 'identity_seed'";
  return {};
}

}  // namespace

void check_mkfs_options(const FilesystemRequest& filesystem, const Node& partition,
                        Findings& findings) {
  const std::span<const Option> known = options_of(*filesystem.type);
  const std::vector<Node>& nodes = items_of(&partition, "mkfs_options");
  const Node* waiting = nullptr;  // An option whose value comes next.
  for (const Node& node : nodes) {
    if (!findings.sound(node)) return;
    std::string_view value = node.text;
    if (waiting == nullptr) {
      const auto [name, attached] = split_option(node.text);
      const auto found = std::find_if(known.begin(), known.end(),
                                      [n = name](const Option& o) { return o.name == n; });
      if (found == known.end() || (!found->takes_value && !attached.empty())) {
        const std::string_view why = why_not(name);
        findings.report(
            node, {fmt::format("'{}' is not an mkfs option that may be given for {}", node.text,
                               to_text(*filesystem.type)),
                   why.empty() ? fmt::format("these may: {}", names_of(known)) : std::string(why)});
        return;
      }
      if (found->takes_value && attached.empty()) {
        waiting = &node;
        continue;
      }
      value = attached;
    }
    waiting = nullptr;
    if (value.starts_with('-') || names_a_file(value)) {
      findings.report(node,
                      {value.starts_with('-')
                           ? fmt::format("'{}' stands where an option's value belongs", value)
                           : fmt::format("'{}' names a file or device of the build machine", value),
                       "options say how the filesystem is made, and nothing else"});
      return;
    }
  }
  if (waiting != nullptr) {
    findings.report(*waiting, {fmt::format("mkfs option '{}' has no value", waiting->text),
                               "add its value as the next entry"});
  }
}

}  // namespace composer::blueprint
