#pragma once

#include <filesystem>
#include <vector>

#include "composer/image/system_facts.h"
#include "composer/plan.h"
#include "composer/progress.h"
#include "composer/tree/configure.h"
#include "composer/tree/initramfs_key.h"

namespace composer {

/// What is known of a root once it is as the plan wants it.
struct FilledRoot {
  tree::BiosBootImages boot_images;  ///< To be written by write_boot_code.
  image::SystemFacts system;
};

/// Puts the packages of a plan into a root, in one transaction.
void install_root(const Plan& plan, const std::filesystem::path& root,
                  const std::vector<std::filesystem::path>& packages, Progress& progress);

/// Makes of a root with its packages what the plan wants: configuration, initramfs and kernels,
/// erasures, cleaning, labels. Nothing may write into the root afterwards.
/// @param kept  Where initramfs are taken from and kept; null: each is made anew.
FilledRoot finish_root(const Plan& plan, const std::filesystem::path& root, Progress& progress,
                       const tree::InitramfsStore* kept = nullptr);

/// Both of these, in a root that is empty or of a base image. Needs root, and the mount namespace
/// of mount::enter_private_mounts.
/// @param packages  The files of the plan's packages that come in, each checked.
FilledRoot fill_root(const Plan& plan, const std::filesystem::path& root,
                     const std::vector<std::filesystem::path>& packages, Progress& progress);

/// BIOS boot code is in no filesystem: it goes where the plan has room for it.
void write_boot_code(const std::filesystem::path& disk, const PlannedDisk& layout,
                     const tree::BiosBootImages& images);

}  // namespace composer
