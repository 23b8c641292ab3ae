#include <algorithm>
#include <fmt/format.h>

#include "composer/tree/loader_files.h"
#include "composer/tree/root_files.h"
#include "composer/tree/steps/steps.h"

// What kernel-install(8) in the running system must know to go on with what was begun here: the
// names of entries and images, and whether a kernel becomes an entry or an image. What the
// blueprint's files say themselves stays.

namespace composer::tree::kernel_install {
namespace {

constexpr std::string_view kToken = "/etc/kernel/entry-token";
constexpr std::string_view kConfiguration = "/etc/kernel/install.conf";

bool is_own_file(const Plan& plan, std::string_view path) {
  return std::any_of(plan.system.files.begin(), plan.system.files.end(),
                     [&](const PlannedFile& file) { return file.path == path; });
}

std::string configuration(const Plan& plan, const Root& root) {
  std::string text = "# How kernel-install adds kernels to the boot menu.\n";
  if (plan.boot.loader == Loader::systemd_boot)
    return text + "layout=bls\ninitrd_generator=dracut\n";
  if (plan.boot.uki == UkiSource::packaged) return text + "layout=uki\n";
  return text + fmt::format("layout=uki\ninitrd_generator=dracut\nuki_generator={}\n",
                            root.exists("/usr/bin/ukify") ? "ukify" : "dracut");
}

}  // namespace

bool wanted(const Plan& plan) {
  return plan.writes_boot() && plan.boot.loader != Loader::grub;
}

std::vector<std::string> describe(const Plan& plan) {
  std::vector<std::string> texts;
  texts.push_back(fmt::format("name boot entries by {}, or the ID of /etc/os-release", kToken));
  if (!is_own_file(plan, kConfiguration)) {
    texts.push_back(fmt::format("write to {}: layout={}", kConfiguration,
                                plan.boot.loader == Loader::uki ? "uki" : "bls"));
  }
  return texts;
}

void apply(const Plan& plan, Root& root, Progress&) {
  const std::string token = entry_token(plan, root);
  if (!root.exists(kToken)) write_with_parents(root, kToken, token + "\n");
  if (!is_own_file(plan, kConfiguration)) {
    write_with_parents(root, kConfiguration, configuration(plan, root));
  }
}

}  // namespace composer::tree::kernel_install
