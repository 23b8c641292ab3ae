#include "composer/guest/library.h"

#include <fmt/format.h>
#include <utility>

#include "composer/error.h"

namespace composer::guest {

void refuse_host(std::string why) {
  // supermin makes the machine of a kernel that is installed here; a container has none.
  throw Error(ErrorKind::host, std::move(why),
              "apt install libguestfs0 supermin linux-image-cloud-amd64; 'libguestfs-test-tool' "
              "says more");
}

void close_library(void* library) {
  ::dlclose(library);
}

// It stays loaded: its libraries leave exit and thread functions behind (libvirt, GLib).
Library::Library(const char* needed_for)
    : handle_(::dlopen("libguestfs.so.0", RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE)) {
  if (!handle_) refuse_host(fmt::format("cannot load libguestfs, needed to {}", needed_for));
}

}  // namespace composer::guest
