#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "composer/blueprint.h"
#include "composer/plan.h"
#include "composer/progress.h"
#include "composer/rpm/installed_details.h"
#include "composer/solve/hold.h"

namespace composer::solve {

/// The exact package set of a blueprint, and the repositories as they were read.
struct Resolution {
  std::vector<PlannedRepository> repositories;  ///< Enabled ones, by id.
  std::vector<PlannedPackage> packages;         ///< By name, arch, epoch, version, release.
  std::vector<std::string> removed;             ///< NEVRAs of installed ones that leave; sorted.
};

/// Reads the blueprint's repositories (stage `metadata`) and solves its package requests (stage
/// `solve`). Deterministic: the same blueprint and repository contents give the same result.
///
/// @param cache      Where metadata and .solv files are kept between runs.
/// @param installed  What the image that is customised has; the packages are then what it will
/// have.
/// @throws Error  of kind usage at the blueprint's line for what cannot be had (libsolv's problem
///                rules in words), of kind build for a repository that cannot be read or trusted.
Resolution resolve(const Blueprint& blueprint, const std::filesystem::path& cache,
                   Progress& progress, const std::vector<rpm::InstalledDetails>& installed = {});

/// The same, but what is held stays as it is, so far as the rest allows; what else must move is
/// noted.
Resolution resolve_holding(const Blueprint& blueprint, const std::filesystem::path& cache,
                           Progress& progress, const Held& held);

}  // namespace composer::solve
