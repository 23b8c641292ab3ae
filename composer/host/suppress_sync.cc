#include "composer/host/suppress_sync.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "composer/base/system_calls.h"

namespace composer::host {

void suppress_sync() noexcept {
  constexpr std::array<std::uint32_t, 5> kCalls = {SYS_fsync, SYS_fdatasync, SYS_sync, SYS_syncfs,
                                                   SYS_sync_file_range};
  std::array<sock_filter, 4 + kCalls.size() + 2> program{};
  std::size_t n = 0;
  const auto add = [&](unsigned code, std::uint32_t k, unsigned yes = 0, unsigned no = 0) {
    program[n++] = {static_cast<std::uint16_t>(code), static_cast<std::uint8_t>(yes),
                    static_cast<std::uint8_t>(no), k};
  };
  add(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch));
  add(BPF_JMP | BPF_JEQ | BPF_K, kThisMachine, 1, 0);
  add(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  add(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr));
  for (std::size_t i = 0; i < kCalls.size(); ++i) {
    add(BPF_JMP | BPF_JEQ | BPF_K, kCalls[i], static_cast<unsigned>(kCalls.size() - i), 0);
  }
  add(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  add(BPF_RET | BPF_K, SECCOMP_RET_ERRNO);  // Error number 0: done.
  const sock_fprog filter{static_cast<unsigned short>(n), program.data()};
  ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &filter);
}

}  // namespace composer::host
