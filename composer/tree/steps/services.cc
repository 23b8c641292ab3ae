#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "composer/error.h"
#include "composer/tree/root_files.h"
#include "composer/tree/steps/steps.h"
#include "composer/tree/unit_files.h"

// Which units start. The packages' scriptlets apply presets one by one, in the order in which
// packages come, and some come before systemd: so all presets are applied once more, then what the
// blueprint asks for. The same is left as a preset file, since the first start of a machine with an
// uninitialised machine-id applies the presets again and would undo a `disable`.

namespace composer::tree::services {
namespace {

constexpr std::string_view kPresetFile = "/etc/systemd/system-preset/00-blueprint.preset";
constexpr std::array<std::string_view, 11> kUnitTypes{".service", ".socket",    ".target", ".timer",
                                                      ".mount",   ".automount", ".path",   ".swap",
                                                      ".slice",   ".scope",     ".device"};

/// `sshd.service` for `sshd`, as systemctl completes names.
std::string unit_name(const std::string& asked) {
  const bool typed = std::any_of(kUnitTypes.begin(), kUnitTypes.end(),
                                 [&](std::string_view type) { return asked.ends_with(type); });
  return typed ? asked : asked + ".service";
}

std::vector<std::string> unit_names(const std::vector<std::string>& asked) {
  std::vector<std::string> names;
  for (const std::string& name : asked) names.push_back(unit_name(name));
  return names;
}

void check_units(const Root& root, const std::vector<std::string>& names, std::string_view verb) {
  for (const std::string& name : names) {
    if (has_unit(root, name)) continue;
    throw Error(ErrorKind::usage,
                fmt::format("cannot {} '{}': the image has no such unit", verb, name),
                hint_for_unit(root, name));
  }
}

RootCommand systemctl(std::string_view verb, const std::vector<std::string>& names) {
  RootCommand command{{"systemctl", "--root=/", "--no-pager", std::string(verb)}, {}, {}};
  if (!names.empty()) command.arguments.emplace_back("--");
  command.arguments.insert(command.arguments.end(), names.begin(), names.end());
  return command;
}

/// What `systemctl is-enabled` says of each unit, in their order.
std::vector<std::string> states(Root& root, const std::vector<std::string>& names) {
  const RootCommandResult result = root.run(systemctl("is-enabled", names));
  std::vector<std::string> found;
  for (const std::string_view line : lines_of(result.standard_output)) found.emplace_back(line);
  if (found.size() != names.size()) {
    throw Error(ErrorKind::build,
                fmt::format("cannot tell which units are enabled: 'systemctl is-enabled' said '{}'",
                            result.standard_error.empty() ? result.standard_output
                                                          : result.standard_error));
  }
  return found;
}

/// `enable` of a unit without [Install], and `disable` of one that a package starts by a link of
/// its own, both end well and change nothing: so look whether it took.
void check_states(Root& root, const std::vector<std::string>& names, std::string_view verb,
                  std::initializer_list<std::string_view> wrong, std::string_view hint) {
  const std::vector<std::string> found = states(root, names);
  for (std::size_t i = 0; i < names.size(); i++) {
    if (std::find(wrong.begin(), wrong.end(), found[i]) == wrong.end()) continue;
    throw Error(ErrorKind::usage,
                fmt::format("cannot {} '{}': the unit is {}", verb, names[i], found[i]),
                std::string(hint));
  }
}

// The first line that fits a unit decides, so what is said of single units comes first.
std::string preset_text(const std::vector<std::string>& enable,
                        const std::vector<std::string>& disable,
                        const std::vector<std::string>& presets) {
  std::string text = "# The services of the blueprint, for the presets of the first start.\n";
  for (const std::string& name : enable) text += "enable " + name + "\n";
  for (const std::string& name : disable) text += "disable " + name + "\n";
  for (const std::string& line : presets) text += one_line(line) + "\n";
  return text;
}

}  // namespace

bool wanted(const Plan& plan) {
  const PlannedSystem& system = plan.system;
  return !plan.base || !system.services_enable.empty() || !system.services_disable.empty() ||
         !system.services_mask.empty() || !system.service_presets.empty();
}

std::vector<std::string> describe(const Plan& plan) {
  std::vector<std::string> texts;
  for (const std::string& line : plan.system.service_presets) {
    texts.push_back(fmt::format("write to {}: {}", kPresetFile, line));
  }
  if (!plan.base) texts.emplace_back("apply the unit presets, of the system and of its users");
  for (const std::string& name : unit_names(plan.system.services_enable)) {
    texts.push_back("enable " + name);
  }
  for (const std::string& name : unit_names(plan.system.services_disable)) {
    texts.push_back("disable " + name);
  }
  for (const std::string& name : unit_names(plan.system.services_mask)) {
    texts.push_back("mask " + name);
  }
  return texts;
}

void apply(const Plan& plan, Root& root, Progress& progress) {
  const auto enable = unit_names(plan.system.services_enable);
  const auto disable = unit_names(plan.system.services_disable);
  const auto mask = unit_names(plan.system.services_mask);
  const auto& presets = plan.system.service_presets;
  const bool asked = !enable.empty() || !disable.empty() || !mask.empty() || !presets.empty();
  if (!root.exists("/usr/bin/systemctl")) {
    if (!asked) return;
    throw Error(ErrorKind::usage, "cannot set up services: the image has no 'systemctl'",
                "add 'systemd' to packages.install");
  }
  check_units(root, enable, "enable");
  check_units(root, disable, "disable");
  check_units(root, mask, "mask");
  if (!enable.empty() || !disable.empty() || !presets.empty()) {
    // Of a base image that was made here the lines come after the new ones, and so do not count
    // where both speak of a unit.
    const std::string before = plan.base ? root.read(kPresetFile).value_or("") : std::string();
    write_with_parents(root, kPresetFile, preset_text(enable, disable, presets) + before);
  }
  const auto run = [&](const RootCommand& command) {
    progress.command(command.arguments);
    run_checked(root, command);
  };
  // What a base image has enabled and disabled stays; the scriptlets of packages see to theirs.
  if (!plan.base) {
    run(systemctl("preset-all", {}));
    // The units of users' own managers: the first start of a machine does not look at these.
    run({{"systemctl", "--root=/", "--no-pager", "--global", "preset-all"}, {}, {}});
  }
  if (!enable.empty()) {
    run(systemctl("enable", enable));
    check_states(root, enable, "enable", {"static", "disabled", "masked", "not-found", "bad"},
                 "its unit file has no [Install] section, or it is masked");
  }
  if (!disable.empty()) {
    run(systemctl("disable", disable));
    check_states(root, disable, "disable", {"static", "enabled", "not-found", "bad"},
                 "a package starts it by a link of its own: list it under system.services.mask");
  }
  for (const std::string& name : mask) {
    link_with_parents(root, "/dev/null", fmt::format("{}/{}", kOwnUnits, name));
  }
}

}  // namespace composer::tree::services
