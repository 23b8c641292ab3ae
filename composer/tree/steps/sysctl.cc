#include <fmt/format.h>

#include "composer/tree/root_files.h"
#include "composer/tree/steps/steps.h"

namespace composer::tree::sysctl {
namespace {

// sysctl.d(5): files are read in the order of their names, wherever they are, and the last one
// wins.
constexpr std::string_view kFile = "/etc/sysctl.d/99-blueprint.conf";

}  // namespace

bool wanted(const Plan& plan) {
  return !plan.system.sysctl.empty();
}

std::vector<std::string> describe(const Plan& plan) {
  std::vector<std::string> texts;
  for (const PlannedPair& pair : plan.system.sysctl) {
    texts.push_back(fmt::format("write to {}: {} = {}", kFile, pair.key, pair.value));
  }
  return texts;
}

void apply(const Plan& plan, Root& root, Progress&) {
  std::string text = "# The kernel parameters of the blueprint.\n";
  for (const PlannedPair& pair : plan.system.sysctl) {
    text += fmt::format("{} = {}\n", one_line(pair.key), one_line(pair.value));
  }
  write_with_parents(root, kFile, text);
}

}  // namespace composer::tree::sysctl
