#include "composer/tree/grub_installation.h"

#include <array>
#include <fmt/format.h>

#include "composer/error.h"
#include "composer/tree/boot_place.h"
#include "composer/tree/kernel_versions.h"
#include "composer/tree/root_files.h"

namespace composer::tree {
namespace {

// Source: UEFI 2.10, 3.5.1.1 "Removable Media Boot Behavior"; shim's README.fallback.
constexpr std::array kNames{
    EfiNames{Architecture::x86_64, "grubx64.efi", "shimx64.efi", "mmx64.efi", "fbx64.efi",
             "BOOTX64.EFI", "BOOTX64.CSV"},
    EfiNames{Architecture::aarch64, "grubaa64.efi", "shimaa64.efi", "mmaa64.efi", "fbaa64.efi",
             "BOOTAA64.EFI", "BOOTAA64.CSV"},
};

std::string_view packages_of(Architecture arch) {
  return arch == Architecture::x86_64 ? "add 'grub2-efi-x64' and 'shim' to packages.install"
                                      : "add 'grub2-efi-aa64' and 'shim' to packages.install";
}

// One grub.cfg is for both firmwares, so that both GRUBs must read entries in the same way.
BootEntryReader boot_entry_reader(const Plan& plan, const Root& root) {
  for (const auto& [module, reader] : {std::pair{"blscfg", BootEntryReader::fedora},
                                       std::pair{"blsuki", BootEntryReader::upstream}}) {
    if (boots_by_uefi(plan) && !vendor_grub(plan, root).image.has(module)) continue;
    if (boots_by_bios(plan) && !root.exists(fmt::format("{}/{}.mod", kBiosModules, module)))
      continue;
    return reader;
  }
  return BootEntryReader::none;
}

}  // namespace

const EfiNames& efi_names(Architecture arch) {
  for (const EfiNames& names : kNames) {
    if (names.arch == arch) return names;
  }
  throw Error(ErrorKind::usage, "the architecture has no names for UEFI boot programs");
}

std::string_view grub_filesystem_module(FilesystemType type) {
  switch (type) {
    case FilesystemType::ext4:
      return "ext2";
    case FilesystemType::xfs:
      return "xfs";
    case FilesystemType::btrfs:
      return "btrfs";
    case FilesystemType::vfat:
      return "fat";
    case FilesystemType::swap:
      break;
  }
  throw Error(ErrorKind::usage, "GRUB cannot boot from swap space");
}

VendorGrub vendor_grub(const Plan& plan, const Root& root) {
  const PlannedPartition* esp = mounted_esp(plan);
  if (!esp) {
    throw Error(ErrorKind::usage, "an image that boots by UEFI has no mounted ESP",
                "mount the partition of type 'esp' at /boot/efi");
  }
  const EfiNames& names = efi_names(plan.arch);
  const std::string& mount = esp->filesystem->mount;
  const std::string top = find_ignoring_case(root, mount, "EFI");
  std::optional<VendorGrub> best;
  for (const std::string& name : root.list(fmt::format("{}/{}", mount, top))) {
    VendorGrub found;
    found.folder = fmt::format("{}/{}/{}", mount, top, name);
    found.grub = find_ignoring_case(root, found.folder, names.grub);
    found.shim = find_ignoring_case(root, found.folder, names.shim);
    if (top.empty() || found.grub.empty() || (best && found.shim.empty())) continue;
    const auto image = read_grub_efi_image(root.read(found.folder + "/" + found.grub).value_or(""));
    if (!image) {
      throw Error(ErrorKind::build,
                  fmt::format("'{}/{}' is not a GRUB for UEFI", found.folder, found.grub));
    }
    found.image = *image;
    const bool complete = !found.shim.empty();
    best = std::move(found);
    if (complete) break;
  }
  if (!best) {
    throw Error(ErrorKind::usage, fmt::format("no GRUB for UEFI is installed below '{}'", mount),
                mount != "/boot/efi" && root.exists("/boot/efi/EFI")
                    ? "its packages install into /boot/efi: mount the ESP there"
                    : std::string(packages_of(plan.arch)));
  }
  const std::string_view module = grub_filesystem_module(boot_place(plan).filesystem->type);
  if (!best->image.has(module)) {
    throw Error(ErrorKind::usage,
                fmt::format("the image's GRUB cannot read the filesystem with /boot: '{}/{}' lacks "
                            "the module '{}'",
                            best->folder, best->grub, module),
                "use ext4 for the filesystem with /boot");
  }
  return *std::move(best);
}

GrubMenu grub_menu_for(const Plan& plan, const Root& root) {
  const BootPlace place = boot_place(plan);
  GrubMenu menu;
  menu.arch = plan.arch;
  menu.title = system_title(root.read("/etc/os-release").value_or(""), plan.name);
  menu.filesystem_uuid = place.filesystem->uuid;
  menu.boot_prefix = place.prefix;
  menu.kernel_command_line = full_kernel_command_line(plan.boot);
  menu.kernels = required_kernels(plan, root);
  menu.boot_entries = boot_entry_reader(plan, root);
  menu.timeout_seconds = plan.boot.timeout_seconds;
  menu.serial_console = plan.boot.serial_console;
  return menu;
}

}  // namespace composer::tree
