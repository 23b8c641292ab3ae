#pragma once

#include <vector>

#include "composer/plan.h"
#include "composer/solve/goal.h"

namespace composer::solve {

/// What a plan says of the chosen packages; by name, arch, epoch, version, release.
/// @throws Error  of kind build naming the package: metadata without a strong checksum or a size, a
///                location outside of the repository, or values that are no text.
///
/// @param installed  What the universe was made with; of these a plan knows no checksum.
std::vector<PlannedPackage> planned_packages(
    const Universe& universe, const std::vector<Chosen>& chosen,
    const std::vector<rpm::InstalledDetails>& installed = {});

/// A package of the base image.
PlannedPackage planned_package(const rpm::InstalledDetails& installed);

/// Splits `[epoch:]version-release` into the fields of `package`.
void set_evr(PlannedPackage& package, std::string_view evr);

}  // namespace composer::solve
