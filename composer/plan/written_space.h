#pragma once

#include <span>

#include "composer/blueprint.h"
#include "composer/plan.h"
#include "composer/rpm/package_files.h"

namespace composer {

// Whether everything fits, asked with the packages at hand and before anything is partitioned. What
// each package writes, and where, its header says; what else comes is measured (docs/storage.md).

/// Refuses a plan whose packages do not fit into its filesystems: those with compression are taken
/// to hold twice what they have room for.
///
/// @param request   Where the plan's disk comes from: for the places of the errors.
/// @param packages  The files of all packages of the plan.
/// @throws Error  of kind usage with a problem for each partition that is too small: what it needs,
///                what it has, the directories and packages that take most, and a size that does.
void check_written_space(const Plan& plan, const DiskRequest& request,
                         std::span<const rpm::PackageContents> packages);

}  // namespace composer
