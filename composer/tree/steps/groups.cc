#include <fmt/format.h>

#include "composer/tree/accounts.h"
#include "composer/tree/steps/steps.h"

namespace composer::tree::groups {

bool wanted(const Plan& plan) {
  return !plan.system.groups.empty();
}

std::vector<std::string> describe(const Plan& plan) {
  std::vector<std::string> texts;
  for (const PlannedGroup& group : plan.system.groups) {
    texts.push_back(group.gid ? fmt::format("add the group {} with gid {}", group.name, *group.gid)
                              : fmt::format("add the group {}", group.name));
  }
  return texts;
}

void apply(const Plan& plan, Root& root, Progress& progress) {
  Accounts accounts(root);
  for (const PlannedGroup& group : plan.system.groups) {
    if (accounts.gid_of(group.name)) {
      progress.note(fmt::format("the group '{}' is in the image already", group.name));
    }
  }
  accounts.add_groups(plan.system.groups);
  accounts.write(root);
}

}  // namespace composer::tree::groups
