#include <fmt/format.h>

#include "composer/tree/root_files.h"
#include "composer/tree/steps/steps.h"

namespace composer::tree::tmpfiles {
namespace {

constexpr std::string_view kFile = "/etc/tmpfiles.d/blueprint.conf";

}  // namespace

bool wanted(const Plan& plan) {
  return !plan.system.tmpfiles.empty();
}

std::vector<std::string> describe(const Plan& plan) {
  std::vector<std::string> texts;
  for (const std::string& line : plan.system.tmpfiles) {
    texts.push_back(fmt::format("write to {}: {}", kFile, line));
  }
  return texts;
}

void apply(const Plan& plan, Root& root, Progress&) {
  std::string text = "# What the blueprint has made at every boot.\n";
  for (const std::string& line : plan.system.tmpfiles) text += one_line(line) + "\n";
  write_with_parents(root, kFile, text);
}

}  // namespace composer::tree::tmpfiles
