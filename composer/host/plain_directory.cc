#include "composer/host/plain_directory.h"

#include <cerrno>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "composer/error.h"

namespace composer::host {

void make_plain_directory(const std::filesystem::path& path, unsigned mode) {
  const auto require = [&](bool done) {
    if (!done) throw system_error(fmt::format("cannot make directory '{}'", path.string()), errno);
  };
  require(::mkdir(path.c_str(), mode) == 0);
  for (const char* name : {"system.posix_acl_default", "system.posix_acl_access"}) {
    require(::lremovexattr(path.c_str(), name) == 0 || errno == ENODATA || errno == ENOTSUP);
  }
  require(::lchown(path.c_str(), ::geteuid(), ::getegid()) == 0);
  require(::chmod(path.c_str(), mode) == 0);
}

}  // namespace composer::host
