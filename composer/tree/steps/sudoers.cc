#include <fmt/format.h>

#include "composer/error.h"
#include "composer/tree/root_files.h"
#include "composer/tree/steps/steps.h"

// sudo refuses all of its configuration when one file of it is wrong or can be written by others:
// so the image's own visudo has the last word, on each file and on the whole.

namespace composer::tree::sudoers {
namespace {

constexpr std::string_view kFolder = "/etc/sudoers.d";
constexpr std::string_view kVisudo = "/usr/sbin/visudo";
constexpr std::uint32_t kMode = 0440, kFolderMode = 0750;  // sudoers(5).

std::string path_of(const PlannedSudoers& file) {
  return fmt::format("{}/{}", kFolder, file.name);
}

void check_name(const PlannedSudoers& file) {
  if (!file.name.empty() && file.name.find_first_of("/.~") == std::string::npos) return;
  throw Error(ErrorKind::usage, fmt::format("sudo would ignore '{}'", path_of(file)),
              "use letters, digits, '_' and '-' alone");
}

void visudo(Root& root, Progress& progress, std::vector<std::string> arguments) {
  const RootCommand command{std::move(arguments), {}, {}};
  progress.command(command.arguments);
  run_checked(root, command);
}

}  // namespace

bool wanted(const Plan& plan) {
  return !plan.system.sudoers.empty();
}

std::vector<std::string> describe(const Plan& plan) {
  std::vector<std::string> texts;
  for (const PlannedSudoers& file : plan.system.sudoers) {
    for (const std::string& rule : file.rules) {
      texts.push_back(fmt::format("write to {}: {}", path_of(file), rule));
    }
  }
  texts.push_back("check what sudo reads by visudo");
  return texts;
}

void apply(const Plan& plan, Root& root, Progress& progress) {
  root.make_directories(kFolder, {kFolderMode, 0, 0});
  for (const PlannedSudoers& file : plan.system.sudoers) {
    check_name(file);
    std::string text;
    for (const std::string& rule : file.rules) text += one_line(rule) + "\n";
    root.write(path_of(file), text, {kMode, 0, 0});
  }
  if (!root.exists(kVisudo)) {
    progress.warning("the image has no sudo, so nothing reads the files of system.sudoers");
    return;
  }
  for (const PlannedSudoers& file : plan.system.sudoers) {
    visudo(root, progress, {std::string(kVisudo), "-cf", path_of(file)});
  }
  visudo(root, progress, {std::string(kVisudo), "-c"});
}

}  // namespace composer::tree::sudoers
