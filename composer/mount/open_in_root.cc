#include "composer/mount/open_in_root.h"

#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <string>
#include <sys/syscall.h>
#include <unistd.h>

#include "composer/error.h"

namespace composer::mount {
namespace {

std::optional<FileDescriptor> open_resolved(int root, std::string_view path, int flags,
                                            unsigned mode, unsigned resolve) {
  open_how how{};
  how.flags = static_cast<unsigned>(flags | O_CLOEXEC);
  how.mode = (flags & O_CREAT) != 0 ? mode : 0;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | resolve;
  if (path.find('\0') != std::string_view::npos) {
    throw Error(ErrorKind::build, fmt::format("path '{}' has a zero byte", path));
  }
  const std::string name = path.empty() ? "." : std::string(path);
  for (int attempt = 0;; ++attempt) {
    const long fd = ::syscall(SYS_openat2, root, name.c_str(), &how, sizeof how);
    if (fd >= 0) return FileDescriptor(static_cast<int>(fd));
    // EAGAIN: something was renamed or mounted meanwhile, so that `..` could not be proven to stay
    // inside. Not ours to fear, but to try again.
    if (errno == EINTR || (errno == EAGAIN && attempt < 64)) continue;
    if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
    if (errno == ELOOP && (resolve & RESOLVE_NO_SYMLINKS) != 0) return std::nullopt;
    if (errno == ENOSYS) {
      throw Error(ErrorKind::host, "this kernel has no openat2, needed to stay inside a root",
                  "use Linux 5.12 or newer");
    }
    throw system_error(fmt::format("cannot open '{}' in the root", path), errno);
  }
}

}  // namespace

std::optional<FileDescriptor> open_in_root(int root, std::string_view path, int flags,
                                           unsigned mode) {
  return open_resolved(root, path, flags, mode, 0);
}

std::optional<FileDescriptor> open_without_links(int root, std::string_view path, int flags) {
  return open_resolved(root, path, flags, 0, RESOLVE_NO_SYMLINKS);
}

}  // namespace composer::mount
