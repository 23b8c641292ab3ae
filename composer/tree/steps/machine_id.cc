#include <algorithm>

#include "composer/tree/root_files.h"
#include "composer/tree/steps/steps.h"

// Every machine made from the image must get an id of its own. "uninitialized" and not an empty
// file: it also makes the first start a first start (ConditionFirstBoot=), so that presets are
// applied and a start that is cut short counts as none. Source: machine-id(5).
//
// systemd-firstboot would then ask at the console for what is not set up, and a machine in a cloud
// would wait for an answer for ever: so it is told not to prompt. What comes by credentials it
// still does.

namespace composer::tree::machine_id {
namespace {

constexpr std::string_view kFirstBoot = "/usr/lib/systemd/system/systemd-firstboot.service";
constexpr std::string_view kDropIn =
    "/etc/systemd/system/systemd-firstboot.service.d/10-no-prompt.conf";

}  // namespace

bool wanted(const Plan& plan) {
  // In a container without systemd nothing would ever make an id.
  return plan.has_disk() ||
         std::any_of(plan.packages.begin(), plan.packages.end(),
                     [](const PlannedPackage& package) { return package.name == "systemd"; });
}

std::vector<std::string> describe(const Plan&) {
  return {"write to /etc/machine-id: uninitialized (each machine makes its own)",
          "keep systemd-firstboot from asking at the console"};
}

void apply(const Plan&, Root& root, Progress&) {
  write_with_parents(root, "/etc/machine-id", "uninitialized\n", {0444, 0, 0});
  // D-Bus reads /etc/machine-id where its own copy is a link or missing.
  const auto copy = root.link_status("/var/lib/dbus/machine-id");
  if (copy && copy->kind == FileKind::regular) root.remove("/var/lib/dbus/machine-id");
  if (root.exists(kFirstBoot)) {
    write_with_parents(root, kDropIn, "[Service]\nExecStart=\nExecStart=systemd-firstboot\n");
  }
}

}  // namespace composer::tree::machine_id
