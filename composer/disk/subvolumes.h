#pragma once

#include <cstdint>
#include <filesystem>

#include "composer/plan.h"

namespace composer::disk {

/// Makes the subvolumes of a new btrfs, which is mounted by itself at `top`, and the directories
/// that they lie in: by name, so that one inside another comes after it. Owned by root, mode 0755,
/// times of `source_date_epoch`.
void make_subvolumes(const PlannedFilesystem& filesystem, const std::filesystem::path& top,
                     std::int64_t source_date_epoch);

}  // namespace composer::disk
