#pragma once

#include <vector>

#include "composer/blueprint.h"
#include "composer/plan.h"

namespace composer {

/// What is left out and what is erased again, of the packages that were resolved.
/// @throws Error  of kind usage for each pattern of `erase` that no package's name matches.
PlannedInstallation plan_installation(const PackagesRequest& request,
                                      const std::vector<PlannedPackage>& packages);

/// Whether a package of this name is in the image when it is finished.
bool remains(const PlannedInstallation& installation, const std::string& name);

}  // namespace composer
