#include <array>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "composer/tree/root_files.h"
#include "composer/tree/steps/steps.h"

// What was left out of packages stays left out when they are updated in the running system. librpm
// reads %_install_langs itself; %_excludedocs is rpm(8)'s alone, and package managers have
// `tsflags` of their own for it (dnf.conf(5), tdnf.conf).

namespace composer::tree::package_policy {
namespace {

constexpr std::string_view kMacros = "/etc/rpm/macros.image-composer";
constexpr std::array<std::string_view, 2> kManagers{"/etc/dnf/dnf.conf", "/etc/tdnf/tdnf.conf"};
constexpr std::string_view kNoDocs = "tsflags=nodocs";

std::vector<std::string> macros(const PlannedInstallation& installation) {
  std::vector<std::string> lines;
  if (!installation.documentation) lines.emplace_back("%_excludedocs 1");
  if (installation.locales) {
    // As the installation itself had it; see rpm/librpm_config.cc.
    lines.push_back(fmt::format("%_install_langs {}",
                                installation.locales->empty()
                                    ? "C"
                                    : fmt::format("{}", fmt::join(*installation.locales, ":"))));
  }
  return lines;
}

/// The configuration with the flag in its [main] section, after flags that are there already.
std::string with_flag(std::string_view text) {
  std::string out;
  bool in_main = false, done = false;
  for (const std::string_view line : lines_of(text)) {
    const bool section = line.starts_with('[');
    if (section) in_main = line.starts_with("[main]");
    if (in_main && line.starts_with("tsflags")) {
      done = true;
      out += line;
      if (line.find("nodocs") == std::string_view::npos) out += " nodocs";
    } else {
      out += line;
    }
    out += '\n';
  }
  if (done) return out;
  const auto main = out.find("[main]\n");
  if (main == std::string::npos) return fmt::format("[main]\n{}\n{}", kNoDocs, out);
  return out.insert(main + std::string_view("[main]\n").size(), fmt::format("{}\n", kNoDocs));
}

}  // namespace

bool wanted(const Plan& plan) {
  return plan.installation.package_manager == PackageManager::kept &&
         !macros(plan.installation).empty();
}

std::vector<std::string> describe(const Plan& plan) {
  std::vector<std::string> lines;
  for (const std::string& macro : macros(plan.installation)) {
    lines.push_back(fmt::format("write to {}: {}", kMacros, macro));
  }
  if (!plan.installation.documentation) {
    lines.push_back(fmt::format("set {} for dnf and tdnf, where they are", kNoDocs));
  }
  return lines;
}

void apply(const Plan& plan, Root& root, Progress&) {
  write_with_parents(root, kMacros,
                     fmt::format("# So that updates leave out what the image was made without.\n"
                                 "{}\n",
                                 fmt::join(macros(plan.installation), "\n")));
  if (plan.installation.documentation) return;
  for (const std::string_view path : kManagers) {
    const auto text = root.read(path);
    if (text) root.write(path, with_flag(*text), attributes_of(root, path, {}));
  }
}

}  // namespace composer::tree::package_policy
