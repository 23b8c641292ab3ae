#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "composer/image/system_facts.h"
#include "composer/plan.h"
#include "composer/progress.h"
#include "composer/report.h"
#include "composer/root.h"

namespace composer::image {

/// The root when all is installed and configured: a plain directory, or a disk's filesystems before
/// they are sealed. Nobody changes it meanwhile.
struct FinishedRoot {
  const std::filesystem::path& path;
  const ReadRoot& files;  ///< The same, to look at.
  const SystemFacts& system;
};

/// Writes every output that is made of the root (stage `export`), each as `.partial`, synced and
/// renamed; nothing happens where there is none. Byte-identical for the same tree and plan.
///
/// @return  In the plan's order. The digest of a directory is that of its tar archive, of an OCI
///          layout that of the image's manifest.
std::vector<Image> write_root_images(const Plan& plan, const FinishedRoot& root,
                                     const std::filesystem::path& directory, Progress& progress);

/// What the outputs leave out of the root: `lost+found`, which mke2fs makes in each ext4.
std::vector<std::string> left_out_of_root_images(const PlannedDisk& disk);

}  // namespace composer::image
