#include <fmt/format.h>

#include "composer/error.h"
#include "composer/tree/accounts.h"
#include "composer/tree/root_files.h"
#include "composer/tree/steps/steps.h"
#include "composer/tree/written_paths.h"

namespace composer::tree::files {
bool wanted(const Plan& plan) {
  return !plan.system.files.empty();
}

std::vector<std::string> describe(const Plan& plan) {
  std::vector<std::string> texts;
  for (const PlannedFile& file : plan.system.files) {
    texts.push_back(fmt::format("write {} ({}), mode {:04o}, {}:{}", file.path,
                                to_text(Bytes{file.content.size()}), file.mode, file.owner,
                                file.group));
  }
  return texts;
}

void apply(const Plan& plan, Root& root, Progress&) {
  const Accounts accounts(root);
  for (const PlannedFile& file : plan.system.files) {
    check_written_path(file.path, "file");
    const std::uint32_t uid = owner_of(accounts, file.owner, "file", file.path);
    const std::uint32_t gid = group_of(accounts, file.group, "file", file.path);
    const auto there = root.link_status(file.path);
    if (there && there->kind == FileKind::directory) {
      throw Error(
          ErrorKind::usage,
          fmt::format("the file '{}' cannot be written: it is a folder in the image", file.path));
    }
    write_with_parents(root, file.path, file.content, {file.mode, uid, gid});
  }
}

}  // namespace composer::tree::files
