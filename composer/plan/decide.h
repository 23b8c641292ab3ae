#pragma once

#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "composer/blueprint.h"
#include "composer/plan.h"
#include "composer/solve/resolve.h"

namespace composer {

/// Whether nothing in a section of a blueprint's top level was refused, `disk`, when it was read.
using SoundSections = std::function<bool(std::string_view section)>;

/// What can be refused of a blueprint without a repository: the disk's layout and the files that it
/// names. What follows from a section that is not sound alone is left out.
std::vector<Problem> problems_of(const Blueprint& blueprint, const SoundSections& is_sound);

/// @throws Error  of kind usage with every problem of a blueprint that is sound.
void check(const Blueprint& blueprint);

/// What an image that is customised is before, as far as a plan must know it.
struct BaseFacts {
  std::string image;  ///< Its file name.
  PlannedDisk disk;   ///< Every partition has its `base`.
  PlannedBoot boot;
  std::string rpm_database;                   ///< Its folder in the image.
  std::optional<PlannedContainer> container;  ///< Of a container, which has no disk.
};

/// How the kernel finds what is mounted on `/`: a filesystem, or a subvolume of it.
std::string root_argument(const PlannedFilesystem& filesystem);

/// Decides the whole plan from what was asked and what was resolved. Reads the files that
/// `system.files` names by `source`, from the blueprint's folder and nowhere else.
///
/// @param tool_version      Goes into the plan.
/// @param epoch_from_caller SOURCE_DATE_EPOCH as the caller set it; the blueprint's own value wins
///                          over it, and without both it is the newest package's build time.
/// @throws Error  of kind usage with every problem of the disk and the files at its place.
///
/// @param base  What a blueprint with `base` changes; else null.
Plan decide(const Blueprint& blueprint, solve::Resolution resolution, std::string_view tool_version,
            std::optional<std::int64_t> epoch_from_caller, const BaseFacts* base = nullptr);

}  // namespace composer
