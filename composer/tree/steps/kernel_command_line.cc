#include <fmt/format.h>

#include "composer/tree/boot_place.h"
#include "composer/tree/grub_installation.h"
#include "composer/tree/root_files.h"
#include "composer/tree/steps/steps.h"

// The command line where kernel-install (/etc/kernel/cmdline) and grub2-mkconfig
// (/etc/default/grub) look for it, so that a kernel that is installed later in the running system
// gets the same.

namespace composer::tree::kernel_command_line {

bool wanted(const Plan& plan) {
  const bool packaged = plan.boot.loader == Loader::uki && plan.boot.uki == UkiSource::packaged;
  return plan.writes_boot() && !packaged;
}

std::vector<std::string> describe(const Plan& plan) {
  std::vector<std::string> texts{
      fmt::format("write to /etc/kernel/cmdline: {}", full_kernel_command_line(plan.boot))};
  if (plan.boot.loader == Loader::grub) {
    texts.push_back(fmt::format("write to /etc/default/grub: GRUB_CMDLINE_LINUX, {}timeout {}",
                                plan.boot.serial_console ? "serial console, " : "",
                                plan.boot.timeout_seconds));
  }
  return texts;
}

void apply(const Plan& plan, Root& root, Progress&) {
  grub_words(full_kernel_command_line(plan.boot));  // Refuses what no boot loader could pass on.
  write_with_parents(root, "/etc/kernel/cmdline", full_kernel_command_line(plan.boot) + "\n");
  if (plan.boot.loader != Loader::grub) return;
  write_with_parents(root, "/etc/default/grub",
                     grub_defaults(grub_menu_for(plan, root), plan.boot.kernel_command_line));
}

}  // namespace composer::tree::kernel_command_line
