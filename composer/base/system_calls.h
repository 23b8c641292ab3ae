#pragma once

#include <cstdint>
#include <linux/audit.h>

namespace composer {

/// The architecture whose numbers of system calls this program knows, as a seccomp filter sees it.
#if defined(__x86_64__)
inline constexpr std::uint32_t kThisMachine = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
inline constexpr std::uint32_t kThisMachine = AUDIT_ARCH_AARCH64;
#else
#error "add this machine's AUDIT_ARCH"
#endif

}  // namespace composer
