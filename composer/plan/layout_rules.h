#pragma once

#include "composer/blueprint.h"

namespace composer {

// The rules of plan_disk that are not arithmetic. Each reports every problem that it finds, at the
// value that is to blame.

/// One `/`, no mount point twice, none where the system mounts something of its own or below a
/// vfat filesystem, none for swap.
void check_mounts(const DiskRequest& disk, Diagnostics& problems);

/// The filesystem fits the partition's type, its size has room for it, its label fits.
void check_filesystems(const DiskRequest& disk, Diagnostics& problems);

/// Nobody gives `rootflags=` beside a root that is a subvolume, which needs it itself.
void check_root_flags(const DiskRequest& disk, const BootRequest& boot, Diagnostics& problems);

/// The firmware has the partition that it starts from, once, and the architecture has the firmware.
void check_firmware(const DiskRequest& disk, const BootRequest& boot, Architecture arch,
                    Diagnostics& problems);

}  // namespace composer
