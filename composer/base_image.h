#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "composer/plan.h"
#include "composer/progress.h"
#include "composer/rpm/installed_details.h"

namespace composer {

/// An image that is to be customised, as far as a plan must know it.
struct BaseImage {
  std::filesystem::path path;  ///< Of the disk image, in an OCI layout its blob; of a container.
  Architecture arch = Architecture::x86_64;
  /// As it is: every partition has its `base`. The size is that of the image.
  PlannedDisk disk;
  /// How it starts; the command line is that of its first entry, without `root=`.
  PlannedBoot boot;
  /// Of a container, which has no disk: its layers, lowest first, and what its configuration says.
  std::vector<std::filesystem::path> layers;
  std::optional<PlannedContainer> container;
  std::string rpm_database;  ///< Its folder in the image; empty where there is none.
  std::vector<rpm::InstalledDetails> packages;
};

/// Looks at an image of any disk format that composer/inspect reads, or at an OCI layout with one
/// of them or with a container; nothing is written, and no privilege needed.
/// @throws Error  of kind build with everything that keeps it from being customised: no partition
///                table that is sound, no root filesystem, encryption, LVM, RAID, dm-verity, a
///                journal that is to be replayed, sectors of 4096 bytes, a boot loader that is not
///                known, an rpm database that is damaged, …
BaseImage read_base_image(const std::filesystem::path& path, Progress& progress);

}  // namespace composer
