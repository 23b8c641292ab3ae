#pragma once

#include <cstdint>

namespace composer::tree {

/// Sets each access and modification time below the folder `directory_fd`, its own with it, that is
/// later than `epoch` (seconds since 1970) to `epoch`. Symbolic links are not followed, proc, sysfs
/// and devtmpfs not entered; the walk holds one descriptor per level, 256 at most.
/// @throws Error  naming the path, when a time cannot be set.
void clamp_times(int directory_fd, std::int64_t epoch);

}  // namespace composer::tree
