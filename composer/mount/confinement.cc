#include "composer/mount/confinement.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <iterator>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "composer/base/file_descriptor.h"
#include "composer/error.h"
#include "composer/host/suppress_sync.h"
#include "composer/mount/clone_by_copy.h"

namespace composer::mount {
namespace {

struct NamedCapability {
  std::string_view name;
  unsigned number;
};
constexpr std::array<NamedCapability, kKeptCapabilities.size()> kNumbers = {
    {{"CHOWN", CAP_CHOWN},
     {"DAC_OVERRIDE", CAP_DAC_OVERRIDE},
     {"FOWNER", CAP_FOWNER},
     {"FSETID", CAP_FSETID},
     {"KILL", CAP_KILL},
     {"SETGID", CAP_SETGID},
     {"SETUID", CAP_SETUID},
     {"SETFCAP", CAP_SETFCAP},
     {"MKNOD", CAP_MKNOD},
     {"SYS_CHROOT", CAP_SYS_CHROOT},
     {"AUDIT_WRITE", CAP_AUDIT_WRITE}}};

constexpr std::uint64_t kept_mask() {
  std::uint64_t mask = 0;
  for (std::size_t i = 0; i < kNumbers.size(); ++i) {
    if (kNumbers[i].name != kKeptCapabilities[i]) return 0;
    mask |= std::uint64_t{1} << kNumbers[i].number;
  }
  return mask;
}
static_assert(kept_mask() != 0, "the two tables of capabilities disagree");

void drop_capabilities() {
  for (unsigned number = 0; number < 64; ++number) {
    if ((kept_mask() >> number & 1) != 0) continue;
    // EINVAL: past the last one that this kernel knows.
    if (::prctl(PR_CAPBSET_DROP, number, 0, 0, 0) != 0 && errno != EINVAL) {
      throw system_error("cannot drop capabilities", errno);
    }
  }
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> sets{};
  if (::syscall(SYS_capget, &header, sets.data()) != 0) {
    throw system_error("cannot read capabilities", errno);
  }
  for (unsigned half = 0; half < 2; ++half) {
    const auto kept = static_cast<std::uint32_t>(kept_mask() >> (32 * half)) & sets[half].permitted;
    sets[half] = {kept, kept, 0};
  }
  header = {_LINUX_CAPABILITY_VERSION_3, 0};
  if (::syscall(SYS_capset, &header, sets.data()) != 0) {
    throw system_error("cannot drop capabilities", errno);
  }
}

void limit(__rlimit_resource resource, rlim_t soft, rlim_t hard) {
  rlimit now{};
  if (::getrlimit(resource, &now) != 0) return;
  now.rlim_max = std::min(now.rlim_max, hard);
  now.rlim_cur = std::min(now.rlim_max, soft);
  ::setrlimit(resource, &now);
}

}  // namespace

FileDescriptor confine_this_process(CloneRequests clones) {
  ::setsid();
  ::umask(022);
  // Session keyrings hold tickets and keys of the one who started the build.
  ::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr);
  if (::setgroups(0, nullptr) != 0 || ::setresgid(0, 0, 0) != 0 || ::setresuid(0, 0, 0) != 0) {
    throw system_error("cannot become root alone", errno);
  }
  limit(RLIMIT_CORE, 0, 0);
  limit(RLIMIT_NOFILE, 1024, 524288);
  limit(RLIMIT_STACK, 8 << 20, RLIM_INFINITY);
  for (int signal = 1; signal < NSIG; ++signal) std::signal(signal, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  // rpm syncs whole filesystems at the end of a transaction and databases do so all the time:
  // measured, a third of an installation's time.
  host::suppress_sync();  // It and the next need the capabilities that go after them.
  FileDescriptor listener;
  if (clones == CloneRequests::answered) listener = listen_for_clone_requests();
  drop_capabilities();
  return listener;
}

void set_clean_environment(const std::vector<std::string>& assignments) {
  ::clearenv();
  ::setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
  ::setenv("LANG", "C.UTF-8", 1);
  ::setenv("HOME", "/root", 1);
  ::setenv("TERM", "dumb", 1);
  for (const std::string& assignment : assignments) {
    const auto equals = assignment.find('=');
    if (equals == std::string::npos || equals == 0) continue;
    ::setenv(assignment.substr(0, equals).c_str(), assignment.c_str() + equals + 1, 1);
  }
}

void wipe_initial_environment() noexcept {
  // proc(5): the 50th and 51st field of /proc/self/stat; the second is in parentheses and may
  // contain anything but ends with the last one.
  std::array<char, 4096> text{};
  const int fd = ::open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  const ssize_t n = ::read(fd, text.data(), text.size() - 1);
  ::close(fd);
  if (n <= 0) return;
  const char* at = std::strrchr(text.data(), ')');
  for (int field = 2; at && field < 50; ++field) {
    at = std::strchr(at + 1, ' ');
  }
  unsigned long begin = 0, end = 0;
  if (!at || std::sscanf(at, "%lu %lu", &begin, &end) != 2 || begin == 0 || end <= begin) return;
  // NOLINTNEXTLINE(performance-no-int-to-ptr): the kernel gives addresses as numbers.
  std::memset(reinterpret_cast<void*>(begin), 0, end - begin);
}

}  // namespace composer::mount
