#include <fmt/format.h>

#include "composer/error.h"
#include "composer/tree/root_files.h"
#include "composer/tree/steps/steps.h"
#include "composer/tree/unit_files.h"

// As `systemctl set-default` does it. It comes after the presets, which take such a link away where
// they disable a target that has default.target as an alias.

namespace composer::tree::default_target {
namespace {

constexpr std::string_view kLink = "/etc/systemd/system/default.target";

}  // namespace

bool wanted(const Plan& plan) {
  return !plan.system.default_target.empty();
}

std::vector<std::string> describe(const Plan& plan) {
  return {fmt::format("link {} to {}", kLink, plan.system.default_target)};
}

void apply(const Plan& plan, Root& root, Progress&) {
  const std::string& target = plan.system.default_target;
  const std::string path = unit_path(root, target);
  if (path.empty()) {
    throw Error(ErrorKind::usage,
                fmt::format("cannot boot to '{}': the image has no such target", target),
                hint_for_unit(root, target));
  }
  link_with_parents(root, path, kLink);
}

}  // namespace composer::tree::default_target
