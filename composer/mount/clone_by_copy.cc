#include "composer/mount/clone_by_copy.h"

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "composer/base/system_calls.h"

namespace composer::mount {
namespace {

constexpr off_t kMostCopied = off_t{256} << 20;

int seccomp(unsigned operation, unsigned flags, void* argument) noexcept {
  return static_cast<int>(::syscall(SYS_seccomp, operation, flags, argument));
}

/// The content of one file into another that is empty. Nothing is left in it when that fails.
bool copy_content(int to, int from, off_t size) noexcept {
  off_t at_from = 0, at_to = 0;
  while (at_from < size) {
    const auto rest = static_cast<std::size_t>(size - at_from);
    const ssize_t n = ::copy_file_range(from, &at_from, to, &at_to, rest, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return ::ftruncate(to, 0) == 0 && false;
  }
  return true;
}

bool clone_or_copy(int to, int from) noexcept {
  struct stat target {
  }, source{};
  if (::fstat(to, &target) != 0 || ::fstat(from, &source) != 0) return false;
  if (!S_ISREG(target.st_mode) || !S_ISREG(source.st_mode)) return false;
  if (target.st_size != 0 || source.st_size > kMostCopied) return false;
  // After a clone dracut-install gives the file its owner, by which the kernel takes the bit away.
  if ((source.st_mode & (S_ISUID | S_ISGID)) != 0) return false;
  return ::ioctl(to, FICLONE, from) == 0 || copy_content(to, from, source.st_size);
}

}  // namespace

FileDescriptor descriptor_of(pid_t pid, int number) noexcept {
  const FileDescriptor process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!process) return {};
  return FileDescriptor(static_cast<int>(::syscall(SYS_pidfd_getfd, process.get(), number, 0)));
}

FileDescriptor listen_for_clone_requests() {
  // Of the 64 bits of an ioctl's request the kernel reads the low half.
  constexpr std::uint32_t kRequest = offsetof(seccomp_data, args) + sizeof(std::uint64_t);
  std::array<sock_filter, 8> program{{
      {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, arch)},
      {BPF_JMP | BPF_JEQ | BPF_K, 0, 5, kThisMachine},
      {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, nr)},
      {BPF_JMP | BPF_JEQ | BPF_K, 0, 3, SYS_ioctl},
      {BPF_LD | BPF_W | BPF_ABS, 0, 0, kRequest},
      {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, FICLONE},
      {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_USER_NOTIF},
      {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
  }};
  sock_fprog filter{program.size(), program.data()};
  return FileDescriptor(seccomp(SECCOMP_SET_MODE_FILTER,
                                SECCOMP_FILTER_FLAG_SPEC_ALLOW | SECCOMP_FILTER_FLAG_NEW_LISTENER,
                                &filter));
}

void answer_clone_request(int listener) noexcept {
  // A newer kernel's structures may be longer than those of the headers.
  seccomp_notif_sizes sizes{};
  if (seccomp(SECCOMP_GET_NOTIF_SIZES, 0, &sizes) != 0) return;
  std::array<std::uint64_t, 64> asked{}, given{};
  if (sizes.seccomp_notif > sizeof asked || sizes.seccomp_notif_resp > sizeof given) return;
  auto* request = reinterpret_cast<seccomp_notif*>(asked.data());
  auto* response = reinterpret_cast<seccomp_notif_resp*>(given.data());
  if (::ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, request) != 0) return;  // It has ended.

  const auto asking = static_cast<pid_t>(request->pid);
  const FileDescriptor to = descriptor_of(asking, static_cast<int>(request->data.args[0]));
  const FileDescriptor from = descriptor_of(asking, static_cast<int>(request->data.args[2]));
  // Still the process that asked, and no later one of the same number.
  const bool valid = ::ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &request->id) == 0;
  response->id = request->id;
  if (!valid || !to || !from || !clone_or_copy(to.get(), from.get())) {
    response->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
  }
  ::ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, response);
}

}  // namespace composer::mount
