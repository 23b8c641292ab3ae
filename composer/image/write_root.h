#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "composer/plan.h"
#include "composer/progress.h"
#include "composer/report.h"

namespace composer::image {

/// Writes every output that is made of the root (stage `export`), each as `.partial`, synced and
/// renamed; nothing happens where there is none. Byte-identical for the same tree and plan.
///
/// @param root  The finished root: a plain directory, or a disk's filesystems before they are
///              sealed. Nobody changes it meanwhile.
/// @return  In the plan's order. The digest of a directory is that of its tar archive.
std::vector<Image> write_root_images(const Plan& plan, const std::filesystem::path& root,
                                     const std::filesystem::path& directory, Progress& progress);

/// What the outputs leave out of the root: `lost+found`, which mke2fs makes in each ext4.
std::vector<std::string> left_out_of_root_images(const PlannedDisk& disk);

}  // namespace composer::image
