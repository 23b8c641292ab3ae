#pragma once

#include <filesystem>
#include <vector>

#include "composer/image/system_facts.h"
#include "composer/plan.h"
#include "composer/progress.h"
#include "composer/tree/configure.h"

namespace composer {

/// What is known of a root once it is as the plan wants it.
struct FilledRoot {
  tree::BiosBootImages boot_images;  ///< To be written by write_boot_code.
  image::SystemFacts system;
};

/// Makes the system of a plan in a root, empty or of a base image: packages in one transaction,
/// configuration, initramfs and kernels, erasures, cleaning, labels. Needs root, and the mount
/// namespace of mount::enter_private_mounts. Nothing may write into the root afterwards.
///
/// @param packages  The files of the plan's packages that come in, each checked.
FilledRoot fill_root(const Plan& plan, const std::filesystem::path& root,
                     const std::vector<std::filesystem::path>& packages, Progress& progress);

/// BIOS boot code is in no filesystem: it goes where the plan has room for it.
void write_boot_code(const std::filesystem::path& disk, const PlannedDisk& layout,
                     const tree::BiosBootImages& images);

}  // namespace composer
