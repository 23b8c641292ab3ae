#include <fmt/format.h>

#include "composer/tree/root_files.h"
#include "composer/tree/steps/steps.h"

namespace composer::tree::hostname {

bool wanted(const Plan& plan) {
  return !plan.system.hostname.empty();
}

std::vector<std::string> describe(const Plan& plan) {
  return {fmt::format("write to /etc/hostname: {}", plan.system.hostname)};
}

void apply(const Plan& plan, Root& root, Progress&) {
  write_with_parents(root, "/etc/hostname", plan.system.hostname + "\n");
}

}  // namespace composer::tree::hostname
