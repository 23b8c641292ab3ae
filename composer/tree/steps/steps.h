#pragma once

#include <string>
#include <vector>

#include "composer/plan.h"
#include "composer/progress.h"
#include "composer/root.h"

// The functions behind the tables in configure.cc and install_kernels.cc, one namespace per step;
// see ConfigureStep.

#define COMPOSER_CONFIGURE_STEP(step)                  \
  namespace composer::tree::step {                     \
  bool wanted(const Plan& plan);                       \
  std::vector<std::string> describe(const Plan& plan); \
  void apply(const Plan& plan, Root& root, Progress&); \
  }

COMPOSER_CONFIGURE_STEP(fstab)
COMPOSER_CONFIGURE_STEP(package_policy)
COMPOSER_CONFIGURE_STEP(hostname)
COMPOSER_CONFIGURE_STEP(locale)
COMPOSER_CONFIGURE_STEP(keymap)
COMPOSER_CONFIGURE_STEP(timezone)
COMPOSER_CONFIGURE_STEP(ntp)
COMPOSER_CONFIGURE_STEP(groups)
COMPOSER_CONFIGURE_STEP(users)
COMPOSER_CONFIGURE_STEP(sudoers)
COMPOSER_CONFIGURE_STEP(sysctl)
COMPOSER_CONFIGURE_STEP(module_settings)
COMPOSER_CONFIGURE_STEP(tmpfiles)
COMPOSER_CONFIGURE_STEP(motd)
COMPOSER_CONFIGURE_STEP(repositories)
COMPOSER_CONFIGURE_STEP(network)
COMPOSER_CONFIGURE_STEP(firewall)
COMPOSER_CONFIGURE_STEP(directories)
COMPOSER_CONFIGURE_STEP(files)
COMPOSER_CONFIGURE_STEP(units)
COMPOSER_CONFIGURE_STEP(ca_certificates)
COMPOSER_CONFIGURE_STEP(selinux)
COMPOSER_CONFIGURE_STEP(fips)
COMPOSER_CONFIGURE_STEP(services)
COMPOSER_CONFIGURE_STEP(default_target)
COMPOSER_CONFIGURE_STEP(grow)
COMPOSER_CONFIGURE_STEP(machine_id)
COMPOSER_CONFIGURE_STEP(old_boot_files)
COMPOSER_CONFIGURE_STEP(kernels)
COMPOSER_CONFIGURE_STEP(kernel_command_line)
COMPOSER_CONFIGURE_STEP(grub_menu)
COMPOSER_CONFIGURE_STEP(grub_uefi)
COMPOSER_CONFIGURE_STEP(grub_bios)
COMPOSER_CONFIGURE_STEP(kernel_install)
COMPOSER_CONFIGURE_STEP(systemd_boot)

// After the initramfs.
COMPOSER_CONFIGURE_STEP(boot_entries)
COMPOSER_CONFIGURE_STEP(unified_kernels)

#undef COMPOSER_CONFIGURE_STEP
