#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "composer/progress.h"

namespace composer::vm {

/// How QEMU runs the guest's code.
struct Accelerator {
  std::string name = "tcg";  ///< kvm or tcg.
  std::string argument = "tcg,thread=multi";
  std::string cpu = "max";
  std::string why;  ///< E.g. `KVM does not work here: it ended with status 134`; empty for kvm.
};

/// Emulation, for a QEMU of this version (the text of `qemu-system-x86_64 --version`).
///
/// QEMU before 8.0 computes the flags of cmpxchg16b from stale state: Linux guests, whose slab
/// allocator uses it, die of double faults within seconds to minutes (7.2.22 of Debian 12 with
/// Linux 6.12: three boots of three). There the guest's processor is without cx16, and the kernel
/// uses its other way.
Accelerator tcg_accelerator(std::string_view qemu_version, std::string why);

/// A guest of 512 bytes that ends QEMU with status `kProbePassed` by itself.
std::string probe_sector();
/// Writing 0x10 to isa-debug-exit ends QEMU with (0x10 << 1) | 1.
constexpr int kProbePassed = 33;
/// QEMU's arguments for the probe; the sector is the child's descriptor 3.
std::vector<std::string> probe_arguments(const std::string& qemu, std::string_view accelerator);

/// Runs the probe's guest under `accelerator`, kvm or tcg; what went wrong, or nothing when it ran
/// to its end within `patience`.
std::optional<std::string> probe(const std::string& qemu, std::string_view accelerator,
                                 std::chrono::milliseconds patience, Progress& progress);

/// KVM when a guest really runs in it, else emulation. `/dev/kvm` proves nothing: nested machines
/// have it and hang, or end QEMU, on the first start.
///
/// @param patience  After which a probe counts as hanging; a working one takes a tenth of a second.
/// @throws Error  of kind host when QEMU is not there.
Accelerator choose_accelerator(const std::string& qemu, std::chrono::milliseconds patience,
                               Progress& progress);

}  // namespace composer::vm
