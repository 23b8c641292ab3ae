#include "composer/tree/selinux.h"

#include <fmt/format.h>

#include "composer/tree/root_files.h"
#include "composer/tree/steps/steps.h"

// The configuration alone; labels are set when everything else is written (tree::label_files).

namespace composer::tree::selinux {
namespace {

constexpr std::string_view kConfig = "/etc/selinux/config";

}  // namespace

bool wanted(const Plan& plan) {
  return plan.system.selinux.mode || !plan.system.selinux.policy.empty();
}

std::vector<std::string> describe(const Plan& plan) {
  const PlannedSelinux& selinux = plan.system.selinux;
  std::vector<std::string> lines;
  if (selinux.mode) {
    lines.push_back(fmt::format("set SELINUX={} in {}", to_text(*selinux.mode), kConfig));
  }
  lines.push_back(fmt::format("set SELINUXTYPE={} in {}", selinux.policy, kConfig));
  return lines;
}

void apply(const Plan& plan, Root& root, Progress&) {
  const PlannedSelinux& selinux = plan.system.selinux;
  const SelinuxMode mode =
      selinux.mode.value_or(read_selinux_config(root).mode.value_or(SelinuxMode::enforcing));
  write_with_parents(root, kConfig,
                     with_selinux_config(root.read(kConfig).value_or(""), mode, selinux.policy),
                     attributes_of(root, kConfig, {}));
}

}  // namespace composer::tree::selinux
