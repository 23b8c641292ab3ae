#include "composer/host/cache_lease.h"

#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>

#include "composer/error.h"
#include "composer/host/cache.h"
#include "composer/host/interrupt.h"

namespace composer::host {

CacheLease::CacheLease(const std::filesystem::path& cache, int operation) {
  const std::filesystem::path file = cache / "lock";
  make_parent(file);
  lock_ = open_file(file, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
  int result = 0;
  while ((result = ::flock(lock_.get(), operation)) != 0 && errno == EINTR) throw_if_interrupted();
  if (result == 0) return;
  if (errno == EWOULDBLOCK) {
    throw Error(ErrorKind::host, fmt::format("the cache '{}' is in use", cache.string()),
                "try again when no build runs");
  }
  throw system_error(fmt::format("cannot lock '{}'", file.string()), errno);
}

CacheLease CacheLease::use(const std::filesystem::path& cache) {
  return {cache, LOCK_SH};
}

CacheLease CacheLease::own(const std::filesystem::path& cache) {
  return {cache, LOCK_EX | LOCK_NB};
}

}  // namespace composer::host
