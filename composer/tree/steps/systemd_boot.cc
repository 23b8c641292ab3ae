#include <fmt/format.h>

#include "composer/error.h"
#include "composer/tree/boot_place.h"
#include "composer/tree/esp_paths.h"
#include "composer/tree/grub_installation.h"
#include "composer/tree/loader_files.h"
#include "composer/tree/root_files.h"
#include "composer/tree/steps/steps.h"

// systemd-boot on the ESP as `bootctl install` leaves it, but for what belongs to one machine: no
// random seed, no entry in the firmware. Where shim is installed the firmware starts it, and it
// starts systemd-boot under the one name that it looks for, grubx64.efi.

namespace composer::tree::systemd_boot {
namespace {

std::string program_name(const Plan& plan) {
  return plan.arch == Architecture::aarch64 ? "systemd-bootaa64.efi" : "systemd-bootx64.efi";
}

const std::string& esp_mount(const Plan& plan) {
  const PlannedPartition* esp = mounted_esp(plan);
  if (esp != nullptr) return esp->filesystem->mount;
  throw Error(ErrorKind::usage, "an image that boots by UEFI has no mounted ESP",
              "mount the partition of type 'esp' at /boot/efi");
}

void copy_to_esp(Root& root, const std::string& from, const std::string& mount,
                 std::string_view path) {
  const auto content = root.read(from);
  if (!content) throw Error(ErrorKind::build, fmt::format("the root has no '{}'", from));
  write_on_esp(root, mount, path, *content);
}

std::string loader_configuration(const Plan& plan, std::string_view token) {
  return fmt::format("timeout {}\ndefault {}-*\n", plan.boot.timeout_seconds, token);
}

}  // namespace

bool wanted(const Plan& plan) {
  return plan.writes_boot() && plan.boot.loader != Loader::grub;
}

std::vector<std::string> describe(const Plan& plan) {
  const EfiNames& names = efi_names(plan.arch);
  const PlannedPartition* esp = mounted_esp(plan);
  const std::string mount = esp ? esp->filesystem->mount : "/boot/efi";
  std::vector<std::string> texts;
  if (starts_by_shim(plan)) {
    texts.push_back(fmt::format("make {}/EFI/BOOT/{} shim, which starts systemd-boot as {}", mount,
                                names.removable, names.grub));
  } else {
    texts.push_back(fmt::format("make {}/EFI/BOOT/{} systemd-boot", mount, names.removable));
  }
  texts.push_back(fmt::format("copy systemd-boot to {}/EFI/systemd/{}", mount, program_name(plan)));
  texts.push_back(
      fmt::format("write to {}/loader/loader.conf: timeout {}, the newest kernel as default", mount,
                  plan.boot.timeout_seconds));
  return texts;
}

void apply(const Plan& plan, Root& root, Progress& progress) {
  const EfiNames& names = efi_names(plan.arch);
  const std::string& mount = esp_mount(plan);
  const SystemdProgram program = systemd_boot_program(plan, root);
  const std::string removable = fmt::format("EFI/BOOT/{}", names.removable);
  write_on_esp(root, mount, "EFI/systemd/" + program_name(plan), program.content);
  if (starts_by_shim(plan)) {
    const ShimFiles shim = shim_files(plan, root);
    copy_to_esp(root, shim.shim, mount, removable);
    if (!shim.mok_manager.empty()) {
      copy_to_esp(root, shim.mok_manager, mount, fmt::format("EFI/BOOT/{}", names.mok_manager));
    }
    write_on_esp(root, mount, fmt::format("EFI/BOOT/{}", names.grub), program.content);
    progress.note(
        fmt::format("the firmware starts '{}', which starts '{}'", shim.shim, program.path));
  } else {
    write_on_esp(root, mount, removable, program.content);
  }
  // shim prefers its fallback, which would start the vendor's loader: another one.
  const std::string fallback = path_on_esp(root, mount, fmt::format("EFI/BOOT/{}", names.fallback));
  root.remove(fallback);
  write_with_parents(root, path_on_esp(root, mount, "loader/loader.conf"),
                     loader_configuration(plan, entry_token(plan, root)), {0755, 0, 0});
}

}  // namespace composer::tree::systemd_boot
