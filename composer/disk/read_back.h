#pragma once

#include "composer/plan.h"

namespace composer::disk {

/// Reads a finished disk with libblkid, a second implementation, and compares: partition table and
/// its id, each partition's number, place, type, identity and name, each filesystem's type,
/// identity and label. A partition that the base image has and that has no planned filesystem may
/// hold anything.
/// @throws Error  with everything that is not as planned.
void check_as_planned(int fd, const PlannedDisk& layout);

}  // namespace composer::disk
