#pragma once

#include "composer/image/root_formats.h"

// What a machine without a disk is started by, from the network or by QEMU's -kernel and -initrd.
// docs/formats/cpio.md.

namespace composer::image {

/// Writes the root as a compressed cpio archive: an initramfs that is the whole system.
void write_cpio_file(const RootJob& job, PartialFile& file);

/// Writes the newest kernel of the root.
/// @throws Error  when it has none.
void write_kernel(const RootJob& job, PartialFile& file);

}  // namespace composer::image
