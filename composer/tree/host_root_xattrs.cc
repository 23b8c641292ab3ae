#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/xattr.h>

#include "composer/error.h"
#include "composer/mount/open_in_root.h"
#include "composer/tree/host_root.h"

namespace composer::tree {
namespace {

/// xattr(7): names take at most 64 KiB for one file, and so does each value.
constexpr std::size_t kMostNames = 65536, kMostValue = 65536;

}  // namespace

ExtendedAttributes HostRoot::xattrs(std::string_view path) const {
  ExtendedAttributes attributes;
  const auto fd = mount::open_in_root(fd_.get(), path, O_PATH | O_NOFOLLOW);
  if (!fd) return attributes;
  // A descriptor of O_PATH has no fgetxattr; through /proc it is the file itself, a link too.
  const std::string file = fmt::format("/proc/self/fd/{}", fd->get());
  std::string names(kMostNames, '\0');
  const ssize_t length = ::listxattr(file.c_str(), names.data(), names.size());
  if (length < 0 && errno == ENOTSUP) return attributes;
  if (length < 0) {
    throw system_error(fmt::format("cannot list the attributes of '{}' in the root", path), errno);
  }
  names.resize(static_cast<std::size_t>(length));
  std::string value(kMostValue, '\0');
  for (std::size_t at = 0; at < names.size();) {
    const std::string name(names.c_str() + at);
    at += name.size() + 1;
    const ssize_t n = ::getxattr(file.c_str(), name.c_str(), value.data(), value.size());
    // Gone meanwhile, or not for us to see.
    if (n < 0) continue;
    attributes[name] = value.substr(0, static_cast<std::size_t>(n));
  }
  return attributes;
}

}  // namespace composer::tree
