#include "composer/disk/clear_range.h"

#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/falloc.h>

#include "composer/error.h"

namespace composer::disk {

void clear_range(int fd, Bytes offset, Bytes size, std::string_view shown) {
  const auto change = [&](int mode) {
    return ::fallocate(fd, mode | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset.count),
                       static_cast<off_t>(size.count)) == 0;
  };
  if (change(FALLOC_FL_PUNCH_HOLE)) return;
  // A block device without discard has no holes; zeros are written to it.
  if (errno == EOPNOTSUPP && change(FALLOC_FL_ZERO_RANGE)) return;
  throw system_error(fmt::format("cannot clear {} bytes of '{}'", size.count, shown), errno);
}

}  // namespace composer::disk
