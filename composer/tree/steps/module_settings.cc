#include <fmt/format.h>
#include <set>

#include "composer/error.h"
#include "composer/tree/kernel_modules.h"
#include "composer/tree/kernel_versions.h"
#include "composer/tree/root_files.h"
#include "composer/tree/steps/steps.h"

// Which kernel modules are loaded at boot, which never are, and with which options. It comes before
// the initramfs is made, since dracut takes /etc/modprobe.d into it.

namespace composer::tree::module_settings {
namespace {

constexpr std::string_view kLoadFile = "/etc/modules-load.d/blueprint.conf";
constexpr std::string_view kModprobeFile = "/etc/modprobe.d/blueprint.conf";

// `blacklist` keeps a module from being loaded for a device or an alias of it; `install` also keeps
// modprobe from loading it by name, or because another one needs it. Source: modprobe.d(5).
std::vector<std::string> modprobe_lines(const PlannedSystem& system) {
  std::vector<std::string> lines;
  for (const std::string& name : system.modules_deny) {
    lines.push_back("blacklist " + one_line(name));
    lines.push_back(fmt::format("install {} /bin/false", name));
  }
  for (const PlannedPair& pair : system.module_options) {
    lines.push_back(fmt::format("options {} {}", one_line(pair.key), one_line(pair.value)));
  }
  return lines;
}

/// A module that no kernel of the image has would be a failed unit at every boot. Without a kernel,
/// as in a container, the host's decides.
void check_are_there(const Root& root, const std::vector<std::string>& names) {
  std::set<std::string> known;
  for (const std::string& version : installed_kernels(root)) {
    for (const std::string_view file : {"modules.dep", "modules.builtin"}) {
      const auto text = root.read(fmt::format("/usr/lib/modules/{}/{}", version, file));
      known.merge(module_names(text.value_or("")));
    }
  }
  if (known.empty()) return;
  for (const std::string& name : names) {
    const std::set<std::string> spelling = module_names(name);
    if (!spelling.empty() && known.contains(*spelling.begin())) continue;
    const auto near = nearest(name, {known.begin(), known.end()});
    throw Error(
        ErrorKind::usage,
        fmt::format("cannot load '{}' at boot: no kernel of the image has such a module", name),
        near ? fmt::format("did you mean '{}'?", *near) : "'kernel-modules-extra' may have it");
  }
}

}  // namespace

bool wanted(const Plan& plan) {
  return !plan.system.modules_load.empty() || !modprobe_lines(plan.system).empty();
}

std::vector<std::string> describe(const Plan& plan) {
  std::vector<std::string> texts;
  for (const std::string& name : plan.system.modules_load) {
    texts.push_back(fmt::format("write to {}: {}", kLoadFile, name));
  }
  for (const std::string& line : modprobe_lines(plan.system)) {
    texts.push_back(fmt::format("write to {}: {}", kModprobeFile, line));
  }
  return texts;
}

void apply(const Plan& plan, Root& root, Progress&) {
  check_are_there(root, plan.system.modules_load);
  if (!plan.system.modules_load.empty()) {
    std::string text = "# The kernel modules that the blueprint loads.\n";
    for (const std::string& name : plan.system.modules_load) text += one_line(name) + "\n";
    write_with_parents(root, kLoadFile, text);
  }
  const auto lines = modprobe_lines(plan.system);
  if (lines.empty()) return;
  std::string text = "# The kernel modules of the blueprint.\n";
  for (const std::string& line : lines) text += line + "\n";
  write_with_parents(root, kModprobeFile, text);
}

}  // namespace composer::tree::module_settings
