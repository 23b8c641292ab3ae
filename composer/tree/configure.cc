#include "composer/tree/configure.h"

#include <fmt/format.h>

#include "composer/error.h"
#include "composer/tree/scripts.h"
#include "composer/tree/steps/steps.h"

namespace composer::tree {
namespace {

// In the order in which they run. Accounts come before the files that they own, files and units
// before the services that they may define, kernels before the boot loader that lists them.
constexpr ConfigureStep kSteps[] = {
    {"fstab", fstab::wanted, fstab::describe, fstab::apply},
    {"package policy", package_policy::wanted, package_policy::describe, package_policy::apply},
    {"hostname", hostname::wanted, hostname::describe, hostname::apply},
    {"locale", locale::wanted, locale::describe, locale::apply},
    {"keymap", keymap::wanted, keymap::describe, keymap::apply},
    {"timezone", timezone::wanted, timezone::describe, timezone::apply},
    {"time servers", ntp::wanted, ntp::describe, ntp::apply},
    {"groups", groups::wanted, groups::describe, groups::apply},
    {"users", users::wanted, users::describe, users::apply},
    {"sudoers", sudoers::wanted, sudoers::describe, sudoers::apply},
    {"sysctl", sysctl::wanted, sysctl::describe, sysctl::apply},
    {"kernel modules", module_settings::wanted, module_settings::describe, module_settings::apply},
    {"tmpfiles", tmpfiles::wanted, tmpfiles::describe, tmpfiles::apply},
    {"motd", motd::wanted, motd::describe, motd::apply},
    {"repositories", repositories::wanted, repositories::describe, repositories::apply},
    {"network", network::wanted, network::describe, network::apply},
    {"firewall", firewall::wanted, firewall::describe, firewall::apply},
    {"directories", directories::wanted, directories::describe, directories::apply},
    {"files", files::wanted, files::describe, files::apply},
    {"units", units::wanted, units::describe, units::apply},
    {"CA certificates", ca_certificates::wanted, ca_certificates::describe, ca_certificates::apply},
    {"SELinux", selinux::wanted, selinux::describe, selinux::apply},
    {"FIPS", fips::wanted, fips::describe, fips::apply},
    {"services", services::wanted, services::describe, services::apply},
    {"default target", default_target::wanted, default_target::describe, default_target::apply},
    {"partition growth", grow::wanted, grow::describe, grow::apply},
    {"machine-id", machine_id::wanted, machine_id::describe, machine_id::apply},
    {"old boot files", old_boot_files::wanted, old_boot_files::describe, old_boot_files::apply},
    {"kernels", kernels::wanted, kernels::describe, kernels::apply},
    {"kernel command line", kernel_command_line::wanted, kernel_command_line::describe,
     kernel_command_line::apply},
    {"GRUB menu", grub_menu::wanted, grub_menu::describe, grub_menu::apply},
    {"GRUB for UEFI", grub_uefi::wanted, grub_uefi::describe, grub_uefi::apply},
    {"GRUB for BIOS", grub_bios::wanted, grub_bios::describe, grub_bios::apply},
    {"kernel-install", kernel_install::wanted, kernel_install::describe, kernel_install::apply},
    {"systemd-boot", systemd_boot::wanted, systemd_boot::describe, systemd_boot::apply},
};

}  // namespace

std::span<const ConfigureStep> configure_steps() {
  return kSteps;
}

void configure(const Plan& plan, Root& root, Progress& progress) {
  std::uint64_t count = 0;
  for (const ConfigureStep& step : kSteps) count += step.wanted(plan) ? 1 : 0;
  progress.begin(Stage::configure, {count, {}});
  std::uint64_t done = 0;
  run_scripts(plan, ScriptMoment::before_configuration, root, progress);
  for (const ConfigureStep& step : kSteps) {
    if (!step.wanted(plan)) continue;
    progress.advance(Stage::configure, {done, {}}, step.name);
    with_context(fmt::format("while configuring the image: {}", step.name),
                 [&] { step.apply(plan, root, progress); });
    done++;
  }
  run_scripts(plan, ScriptMoment::after_configuration, root, progress);
  progress.end(Stage::configure, {done, {}});
}

}  // namespace composer::tree
