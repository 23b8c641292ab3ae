#pragma once

#include "composer/plan.h"

namespace composer::rpm {

/// Which of two versions of a package rpm takes for the newer one, by epoch, version and release:
/// below zero when `a` is older, zero when they are equal, else above.
int compare_versions(const PlannedPackage& a, const PlannedPackage& b);

}  // namespace composer::rpm
