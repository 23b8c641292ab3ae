#include <fmt/format.h>

#include "composer/tree/root_files.h"
#include "composer/tree/steps/steps.h"

namespace composer::tree::motd {

bool wanted(const Plan& plan) {
  return !plan.system.motd.empty();
}

std::vector<std::string> describe(const Plan& plan) {
  const auto lines = lines_of(plan.system.motd);
  return {fmt::format("write to /etc/motd: '{}'{}", lines.front(),
                      lines.size() > 1 ? fmt::format(" and {} more lines", lines.size() - 1) : "")};
}

void apply(const Plan& plan, Root& root, Progress&) {
  write_with_parents(root, "/etc/motd", plan.system.motd);
}

}  // namespace composer::tree::motd
