#pragma once

#include <filesystem>
#include <functional>

#include "composer/boot/machine.h"

namespace composer::vm {

/// The UEFI firmware of this host for x86_64, from the places where distributions put OVMF.
///
/// @param exists  Whether a file is there; a parameter for tests.
/// @throws Error  of kind host, naming Debian's package, when there is none.
UefiFirmware find_uefi_firmware(const std::function<bool(const std::filesystem::path&)>& exists);

}  // namespace composer::vm
