#include <fmt/format.h>

#include "composer/base/checksum.h"
#include "composer/tree/boot_place.h"
#include "composer/tree/grub_installation.h"
#include "composer/tree/root_files.h"
#include "composer/tree/steps/steps.h"

// /boot/grub2: one grub.cfg for both firmwares. Where the image's GRUB reads boot entries, the
// kernels are entries in /boot/loader/entries, which kernel-install adds to and takes from; else
// they are in grub.cfg itself.

namespace composer::tree::grub_menu {
namespace {

// Entry names begin with a machine's id; the image has none, so with 32 digits of its own.
std::string entry_path(const Plan& plan, std::string_view kernel) {
  const std::string token = sha256_hex("boot entries of " + plan.identity_seed).substr(0, 32);
  return fmt::format("/boot/loader/entries/{}-{}.conf", token, kernel);
}

}  // namespace

bool wanted(const Plan& plan) {
  return plan.writes_boot() && plan.boot.loader == Loader::grub;
}

std::vector<std::string> describe(const Plan& plan) {
  const BootPlace place = boot_place(plan);
  return {fmt::format("write /boot/grub2/grub.cfg for the kernels in '{}/' of filesystem {}",
                      place.prefix, place.filesystem->uuid),
          fmt::format("start kernels with: {}", full_kernel_command_line(plan.boot))};
}

void apply(const Plan& plan, Root& root, Progress& progress) {
  const GrubMenu menu = grub_menu_for(plan, root);
  // Owner only: a password hash may come to stand here. CIS benchmarks and Azure Linux's own test
  // ask for it.
  write_with_parents(root, "/boot/grub2/grub.cfg", grub_configuration(menu), {0600, 0, 0});
  write_with_parents(root, "/boot/grub2/grubenv", grub_environment(), {0600, 0, 0});
  const bool reads_entries = menu.boot_entries != BootEntryReader::none;
  if (reads_entries) {
    for (const std::string& kernel : menu.kernels) {
      write_with_parents(root, entry_path(plan, kernel), boot_loader_entry(menu, kernel));
    }
  }
  progress.note(reads_entries ? "GRUB reads boot entries of /boot/loader/entries"
                              : "GRUB has no blscfg: kernels are listed in grub.cfg");
}

}  // namespace composer::tree::grub_menu
