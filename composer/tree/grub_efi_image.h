#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace composer::tree {

/// What is built into a GRUB for UEFI.
struct GrubEfiImage {
  std::string prefix;                ///< Folder where it looks for grub.cfg, e.g. `/EFI/fedora`;
                                     ///< empty where it is not on the disk that it is read from.
  std::vector<std::string> modules;  ///< Names, sorted; a signed GRUB loads no others.

  bool has(std::string_view module) const;
};

/// Reads the `mods` section of a GRUB for UEFI, or nothing when `image` is not one.
///
/// The section begins with {magic 0x676d696d, padding, offset u64, size u64}; at `offset`, up to
/// `size`, follow objects {type u32, size u32 with this header, content}: type 0 is an ELF module
/// with its name in section .modname, type 3 the prefix. Nothing in it is trusted.
/// Source: GRUB 2.12, include/grub/kernel.h.
std::optional<GrubEfiImage> read_grub_efi_image(std::string_view image);

}  // namespace composer::tree
