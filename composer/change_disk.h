#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

#include "composer/disk/assembly.h"
#include "composer/host/process.h"
#include "composer/image/system_facts.h"
#include "composer/plan.h"
#include "composer/progress.h"

namespace composer {

/// The disk of a base image after it was changed.
struct ChangedDisk {
  disk::Disk disk;
  image::SystemFacts system;
};

/// Mounts the filesystems of a disk and makes of its system what the plan says. Needs root, and the
/// mount namespace of mount::enter_private_mounts.
///
/// @param existing  The copy of the base's disk, which is changed in its place.
/// @param packages  The files of the packages that come in, each checked.
ChangedDisk change_disk(const Plan& plan, const disk::ExistingDisk& existing,
                        const std::filesystem::path& work_directory,
                        const std::vector<std::filesystem::path>& packages,
                        const host::CommandRunner& runner, Progress& progress);

/// The same without root: change_disk runs in a small virtual machine of libguestfs's, by this very
/// program, which is handed in with the plan and the packages on a disk of its own.
/// @throws Error  of kind host where libguestfs is not there.
ChangedDisk change_disk_in_machine(const Plan& plan, const disk::ExistingDisk& existing,
                                   const std::filesystem::path& work_directory,
                                   const std::vector<std::filesystem::path>& packages,
                                   Progress& progress);

/// What runs in that machine: reads the plan and the packages from `folder`, changes the disk
/// `device`, and tells on standard output what is known of the system then.
void change_disk_here(const std::filesystem::path& folder, const std::filesystem::path& device,
                      Progress& progress);

}  // namespace composer
