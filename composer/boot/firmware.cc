#include "composer/boot/firmware.h"

#include <string_view>

#include "composer/error.h"

namespace composer::vm {
namespace {

struct Place {
  std::string_view code, variables;
};

/// Code and variables must be of one build: the 4M layout first, which distributions build for
/// Secure Boot as well, then the older one of 2 MiB.
constexpr Place kPlaces[] = {
    // Debian, Ubuntu
    {"/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"},
    {"/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/OVMF/OVMF_VARS.fd"},
    // Fedora, Azure Linux
    {"/usr/share/edk2/ovmf/OVMF_CODE.fd", "/usr/share/edk2/ovmf/OVMF_VARS.fd"},
    // Arch Linux
    {"/usr/share/edk2/x64/OVMF_CODE.4m.fd", "/usr/share/edk2/x64/OVMF_VARS.4m.fd"},
    // openSUSE
    {"/usr/share/qemu/ovmf-x86_64-4m-code.bin", "/usr/share/qemu/ovmf-x86_64-4m-vars.bin"},
};

}  // namespace

UefiFirmware find_uefi_firmware(const std::function<bool(const std::filesystem::path&)>& exists) {
  for (const Place& place : kPlaces) {
    if (exists(place.code) && exists(place.variables)) return {place.code, place.variables};
  }
  throw Error(ErrorKind::host, "cannot find the UEFI firmware OVMF, needed to boot the image",
              "apt install ovmf");
}

}  // namespace composer::vm
