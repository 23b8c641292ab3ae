#pragma once

#include <string>
#include <vector>

#include "composer/root.h"

namespace composer::lint {

/// One thing that the boot loader can start.
struct BootEntry {
  std::string place;                   ///< The file that says so, in the image.
  std::string kernel;                  ///< Path in the image; as written where it is not there.
  std::vector<std::string> initramfs;  ///< The same; empty for a unified kernel image.
  std::vector<std::string> missing;    ///< Of these, what is not there.
  std::vector<std::string> arguments;  ///< Of the kernel.
  std::string version;                 ///< Of a unified kernel image that says it; else empty.
  bool unified = false;

  /// The values of `key=value` arguments, in order: `values("console")`.
  std::vector<std::string> values(std::string_view key) const;
  bool has(std::string_view argument) const;
};

struct BootEntries {
  std::vector<BootEntry> entries;
  std::vector<std::string> problems;  ///< What could not be understood, one line each.
};

/// Everything that GRUB's configuration, boot loader specification entries and unified kernel
/// images in the image offer.
///
/// @param esp  Where the ESP's files are in `root`; empty for none.
/// Source: UAPI Group, Boot Loader Specification; Unified Kernel Image.
BootEntries read_boot_entries(const ReadRoot& root, const std::string& esp);

}  // namespace composer::lint
