#pragma once

#include <string>
#include <string_view>

#include "composer/root.h"

// Names on the ESP, where the case of letters does not count: `EFI/Boot/bootx64.efi` of a package
// is the file that firmware and we call `EFI/BOOT/BOOTX64.EFI`.

namespace composer::tree {

/// `mount` and the path below it, each name spelt as it is there, or as given where it is not.
/// @param path  Names with `/` between them; a leading one is allowed.
std::string path_on_esp(const Root& root, std::string mount, std::string_view path);

/// Writes a file of mode 0755 there, over one that is spelt otherwise too.
void write_on_esp(Root& root, const std::string& mount, std::string_view path,
                  std::string_view content);

}  // namespace composer::tree
