#include <fmt/format.h>

#include "composer/error.h"
#include "composer/tree/accounts.h"
#include "composer/tree/root_files.h"
#include "composer/tree/steps/steps.h"
#include "composer/tree/written_paths.h"

namespace composer::tree::directories {
namespace {

constexpr std::uint32_t kNewMode = 0755;

}  // namespace

bool wanted(const Plan& plan) {
  return !plan.system.directories.empty();
}

std::vector<std::string> describe(const Plan& plan) {
  std::vector<std::string> texts;
  for (const PlannedDirectory& directory : plan.system.directories) {
    std::string text = fmt::format("make the directory {}", directory.path);
    if (directory.mode != 0) text += fmt::format(", mode {:04o}", directory.mode);
    if (!directory.owner.empty()) text += fmt::format(", owner {}", directory.owner);
    if (!directory.group.empty()) text += fmt::format(", group {}", directory.group);
    texts.push_back(std::move(text));
  }
  return texts;
}

// What the plan leaves open (mode 0, no owner, no group) stays as a package has it.
void apply(const Plan& plan, Root& root, Progress&) {
  const Accounts accounts(root);
  for (const PlannedDirectory& directory : plan.system.directories) {
    const std::string& path = directory.path;
    check_written_path(path, "directory");
    const auto there = root.status(path);
    if (there && there->kind != FileKind::directory) {
      throw Error(
          ErrorKind::usage,
          fmt::format("the directory '{}' cannot be made: it is a file in the image", path));
    }
    FileAttributes attributes{kNewMode, 0, 0};
    if (there) attributes = {there->mode & 07777, there->uid, there->gid};
    if (directory.mode != 0) attributes.mode = directory.mode;
    if (!directory.owner.empty()) {
      attributes.uid = owner_of(accounts, directory.owner, "directory", path);
    }
    if (!directory.group.empty()) {
      attributes.gid = group_of(accounts, directory.group, "directory", path);
    }
    root.make_directories(parent_of(path), {kNewMode, 0, 0});
    root.make_directories(path, attributes);
    root.set_attributes(path, attributes);
  }
}

}  // namespace composer::tree::directories
