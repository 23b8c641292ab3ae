#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "composer/plan.h"
#include "composer/progress.h"
#include "composer/solve/goal.h"

// Packages of a lock that stay as they are while others move.

namespace composer::solve {

/// What a lock has, and what of it may move.
struct Held {
  std::vector<PlannedPackage> packages;
  std::vector<std::string> free;  ///< Globs on names; each must name one of `packages`.
};

/// All packages that there are, and those that are not to be had.
struct Choice {
  std::unique_ptr<Universe> universe;
  Excluded excluded;
};

/// How the packages that are held are solved with others, as often as it takes.
struct HoldingSteps {
  std::function<Choice&()> reload;         ///< Everything to choose from, nothing held.
  std::function<std::vector<Job>()> jobs;  ///< The requests, against the choice as it is now.
  WeakDependencies weak = WeakDependencies::install;
};

/// Solves the requests with everything that is held left as it is: of its name there is nothing
/// else to be had. Where that cannot be, the names that the reasons speak of are set free, and it
/// is tried again; which they are is noted.
/// @throws Error  of kind usage: for a glob of `free` that names no held package, for a held
/// package
///                that is in no repository any more, and for what cannot be met in any case.
std::vector<Chosen> solve_holding(const Held& held, const HoldingSteps& steps, Progress& progress);

}  // namespace composer::solve
