#include <cerrno>
#include <fmt/format.h>
#include <sched.h>
#include <sys/mount.h>

#include "composer/error.h"
#include "composer/mount/namespaces.h"

namespace composer::mount {

void enter_private_mounts() {
  if (::unshare(CLONE_NEWNS) != 0) {
    const int cause = errno;
    throw Error(ErrorKind::host, system_error("cannot make a mount namespace", cause).what(),
                cause == EPERM ? "composing a disk needs root: run it with sudo" : "");
  }
  // Slave, not private: what the host unmounts meanwhile is not kept alive by us.
  if (::mount("none", "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0) {
    throw system_error("cannot separate the mount namespace from the host's", errno);
  }
}

}  // namespace composer::mount
