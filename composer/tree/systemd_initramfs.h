#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "composer/plan.h"
#include "composer/root.h"

namespace composer::tree {

/// Assembles an initramfs of the image's own systemd, udev, kernel modules and what checks the root
/// filesystem, for any machine on Hyper-V, Azure or QEMU: no host and no other package is looked
/// at. It mounts the root filesystem that the kernel's command line names, and /usr, and starts the
/// system in it, as bootup(7) says; it knows no encryption, no RAID and no network.
/// docs/initramfs.md says what is in it and why.
///
/// @param drivers  Names of kernel modules beside those that they need.
/// @return  The archive, not compressed.
/// @throws Error  when the image lacks what it must have.
/// Sources: systemd 257, bootup(7), docs/INITRD_INTERFACE.md, man/systemd-fstab-generator.
std::string systemd_initramfs(const Plan& plan, Root& root, std::string_view kernel,
                              const std::vector<std::string>& drivers);

}  // namespace composer::tree
