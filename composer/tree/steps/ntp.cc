#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "composer/error.h"
#include "composer/tree/root_files.h"
#include "composer/tree/steps/steps.h"

// chrony's servers. Those of its own file are turned into comments, so that the blueprint's are all
// that it asks; its reference clocks, such as the PTP clock of Hyper-V, stay, and so do servers
// that DHCP names.

namespace composer::tree::ntp {
namespace {

constexpr std::string_view kFile = "/etc/chrony.d/blueprint.conf";
constexpr std::string_view kFolder = "/etc/chrony.d";
// Fedora's and Azure Linux's, and Debian's; the lab has the second as a link to the first.
constexpr std::array<std::string_view, 2> kConfigurations{"/etc/chrony.conf",
                                                          "/etc/chrony/chrony.conf"};
// chrony.conf(5): directives are compared without regard to case.
constexpr std::array<std::string_view, 3> kSources{"server", "pool", "peer"};

std::vector<std::string> source_lines(const PlannedSystem& system) {
  std::vector<std::string> lines;
  for (const std::string& server : system.ntp_servers) {
    lines.push_back(fmt::format("server {} iburst", one_line(server)));
  }
  for (const std::string& pool : system.ntp_pools) {
    lines.push_back(fmt::format("pool {} iburst", one_line(pool)));
  }
  return lines;
}

std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words;
  while (true) {
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    if (line.empty()) return words;
    const std::string_view word = line.substr(0, line.find_first_of(" \t"));
    words.emplace_back(word);
    line.remove_prefix(word.size());
  }
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return (x >= 'A' && x <= 'Z' ? static_cast<char>(x - 'A' + 'a') : x) == y;
  });
}

/// The configuration without servers of its own, and with a directive that reads the folder.
std::string without_sources(std::string_view text) {
  std::string changed;
  bool reads_folder = false;
  for (const std::string_view line : lines_of(text)) {
    const std::vector<std::string> words = words_of(line);
    bool source = false;
    for (const std::string_view directive : kSources) {
      source = source || (!words.empty() && equals_ignoring_case(words[0], directive));
    }
    if (!words.empty() && equals_ignoring_case(words[0], "confdir")) {
      reads_folder = reads_folder || std::find(words.begin(), words.end(), kFolder) != words.end();
    }
    if (words.size() == 2 && equals_ignoring_case(words[0], "include")) {
      reads_folder = reads_folder || words[1] == fmt::format("{}/*.conf", kFolder);
    }
    changed += fmt::format("{}{}\n", source ? "#" : "", line);
  }
  if (!reads_folder) changed += fmt::format("confdir {}\n", kFolder);
  return changed;
}

}  // namespace

bool wanted(const Plan& plan) {
  return !source_lines(plan.system).empty();
}

std::vector<std::string> describe(const Plan& plan) {
  std::vector<std::string> texts;
  for (const std::string& line : source_lines(plan.system)) {
    texts.push_back(fmt::format("write to {}: {}", kFile, line));
  }
  texts.push_back("turn the servers of chrony's own configuration into comments");
  return texts;
}

void apply(const Plan& plan, Root& root, Progress&) {
  bool found = false;
  for (const std::string_view path : kConfigurations) {
    const auto status = root.link_status(path);
    if (!status || status->kind != FileKind::regular) continue;
    found = true;
    root.write(path, without_sources(root.read(path).value_or("")), attributes_of(root, path, {}));
  }
  if (!found) {
    throw Error(ErrorKind::usage, "cannot set time servers: the image has no '/etc/chrony.conf'",
                "add 'chrony' to packages.install");
  }
  std::string text = "# The time servers of the blueprint.\n";
  for (const std::string& line : source_lines(plan.system)) text += line + "\n";
  write_with_parents(root, kFile, text);
}

}  // namespace composer::tree::ntp
