#pragma once

#include <vector>

#include "composer/blueprint.h"
#include "composer/plan.h"

namespace composer {

/// Decides the system section: fills in what was left out, and reads the files that it names by
/// `source`, each from the folder of the file that names it and nowhere else.
///
/// @param packages  What will be installed; null while that is not known, and then what follows
///                  from it is left undecided.
/// @throws Error  of kind usage with every problem at its place.
PlannedSystem plan_system(const Blueprint& blueprint, const std::vector<PlannedPackage>* packages);

}  // namespace composer
