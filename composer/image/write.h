#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

#include "composer/disk/assembly.h"
#include "composer/image/system_facts.h"
#include "composer/plan.h"
#include "composer/progress.h"
#include "composer/report.h"

namespace composer::image {

/// Whether the raw disk may be used up: then a fixed VHD or raw output is a rename, not a copy.
enum class DiskUse { keep, consume };

/// Writes every output from one sealed disk (stage `export`), each as `.partial`, synced and
/// renamed. Byte-identical for the same disk and plan.
///
/// @param disk    Its file is as long as the disk; one that is kept may be longer.
/// @param system  What is on the disk; only a COSI needs it.
std::vector<Image> write_images(const Plan& plan, const disk::Disk& disk, DiskUse use,
                                const std::filesystem::path& directory, Progress& progress,
                                const SystemFacts* system = nullptr);

}  // namespace composer::image
