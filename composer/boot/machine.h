#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "composer/boot/accelerator.h"
#include "composer/boot/image_format.h"

// The virtual machine as QEMU's argument vector: pure, so that a test can pin every word of it.

namespace composer::vm {

/// Hardware as Azure and Hyper-V have it in their two generations, with QEMU's nearest devices: the
/// real ones (vmbus) need KVM.
enum class Generation {
  gen1,  ///< i440FX, SeaBIOS, the disk on IDE.
  gen2,  ///< Q35, OVMF, the disk on virtio SCSI.
};

/// UEFI code and the variable store that belongs to it.
struct UefiFirmware {
  std::filesystem::path code, variables;
};

struct Machine {
  std::string qemu = "qemu-system-x86_64";
  Generation generation = Generation::gen2;
  std::optional<UefiFirmware> uefi;  ///< With gen2, and only there.
  Accelerator accelerator;
  std::uint64_t memory_mib = 2048;
  int cpus = 2;

  // Descriptors that the QEMU process inherits; see host::ChildCommand.
  int console = 3;  ///< Socket: the first serial port.
  int port = 4;     ///< Socket: the second serial port.
  int disk = 5;     ///< The image, opened for reading only.
  /// An empty qcow2 that takes what the guest writes; its size is the disk's, which may be larger
  /// than the image's. Absent: a file of QEMU's own without a name, of the image's size.
  std::optional<int> overlay;
  RecognisedImage image;

  /// SMBIOS type 11 ("OEM strings") values, e.g. credentials for the guest's systemd.
  std::vector<std::string> oem_strings;
  /// SMBIOS type 3 asset tag; how guests recognise Azure. Empty: QEMU's default.
  std::string chassis_asset_tag;
  /// QEMU starts programs for the guest's connections (guestfwd); what they may do is confined too.
  bool starts_programs = false;
  /// Further arguments, at the end. For tests, and for what boot --azure adds (media, network).
  std::vector<std::string> extra;
};

/// The argument vector. The guest has no network, nothing that it writes reaches the image (the
/// changes go to a file without a name), and QEMU's system calls
/// are confined.
std::vector<std::string> qemu_arguments(const Machine& machine);

/// `text` as a value in QEMU's comma-separated options: commas are doubled.
std::string option_value(std::string_view text);

}  // namespace composer::vm
