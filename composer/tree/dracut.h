#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "composer/plan.h"
#include "composer/progress.h"
#include "composer/root.h"
#include "composer/tree/initramfs_archive.h"

namespace composer::tree {

/// The configuration with which the image's dracut makes an initramfs for any machine that may
/// start the image, now and for later kernels.
/// @param drivers  Names of kernel modules.
std::string dracut_configuration(const Plan& plan, const std::vector<std::string>& drivers,
                                 InitramfsCompression compression);

/// What dracut collects for a kernel in the image's root with the image's own tools, as a cpio
/// archive that is not compressed. Nothing of it stays in the root.
/// @throws Error  when dracut fails, or makes none.
std::string dracut_archive(const Plan& plan, Root& root, const std::string& kernel,
                           Progress& progress);

}  // namespace composer::tree
