#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "composer/plan.h"
#include "composer/root.h"
#include "composer/tree/grub_config.h"
#include "composer/tree/grub_efi_image.h"

// What the packages of an image have of GRUB, and the menu that follows from that.

namespace composer::tree {

/// The names of an architecture's boot programs on the ESP.
struct EfiNames {
  Architecture arch;
  std::string_view grub, shim, mok_manager, fallback;
  std::string_view removable;       ///< What firmware starts without an entry in its NVRAM.
  std::string_view fallback_table;  ///< What `fallback` reads in each vendor's folder.
};
const EfiNames& efi_names(Architecture arch);

/// A vendor's folder on the ESP with a GRUB in it.
struct VendorGrub {
  std::string folder;  ///< Path in the root, e.g. /boot/efi/EFI/azurelinux.
  std::string grub;    ///< File name, as it is spelt there.
  std::string shim;    ///< The same, or empty.
  GrubEfiImage image;
};

/// The vendor's GRUB for UEFI: one with shim beside it before one without, then by name.
/// @throws Error  when no package brought one, or it cannot read the filesystem with /boot.
VendorGrub vendor_grub(const Plan& plan, const Root& root);

/// Where the image's GRUB modules for BIOS are.
inline constexpr std::string_view kBiosModules = "/usr/lib/grub/i386-pc";

/// GRUB's module for a filesystem.
std::string_view grub_filesystem_module(FilesystemType type);

/// The menu of the image. @throws Error  when there is no kernel, or no GRUB as above.
GrubMenu grub_menu_for(const Plan& plan, const Root& root);

}  // namespace composer::tree
