#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "composer/blueprint.h"

// Unified kernel images: one program for UEFI that holds a kernel and all that it starts with.
// Source: the UAPI group's "Unified Kernel Image" specification; systemd-stub(7). The layout with
// its numbers is in docs/formats/uki.md.

namespace composer::tree {

/// What goes into one. All views; an empty one is an error.
struct UnifiedKernelParts {
  std::string_view stub;       ///< systemd's, e.g. linuxx64.efi.stub.
  std::string_view kernel;     ///< vmlinuz, an EFI program itself.
  std::string_view initramfs;  ///< Compressed, as the kernel takes it.
  std::string_view command_line;
  std::string_view version;     ///< As `uname -r` says it.
  std::string_view os_release;  ///< Text of the file.
  std::string_view sbat;        ///< Lines for the image itself, without the table's first.
};

/// The image, byte for byte as systemd 257's ukify makes it of the same parts.
/// @throws Error  of kind build when stub or kernel is not what it should be.
std::string unified_kernel_image(const UnifiedKernelParts& parts, Architecture arch);

/// What a finished image says of itself.
struct UnifiedKernel {
  std::string command_line;  ///< Without what ends it (NUL, newline).
  std::string version;       ///< Empty where it does not say.
};

/// @param name  Of the file, for messages.
/// @throws Error  of kind build when it is not a unified kernel image for `arch`.
UnifiedKernel read_unified_kernel(std::string_view image, std::string_view name, Architecture arch);

/// One SBAT table of several: the first line once, then theirs in order, each once.
/// @param tables  Texts of .sbat sections, which may end in NULs; one without a first line
///                `sbat,…` adds nothing.
/// Source: shim, SBAT.md.
std::string merged_sbat(const std::vector<std::string_view>& tables);

/// Refuses what firmware of this architecture cannot start.
/// @throws Error  of kind build.
void require_efi_program(std::string_view bytes, std::string_view name, Architecture arch);

}  // namespace composer::tree
