#pragma once

#include "composer/blueprint.h"
#include "composer/plan.h"

namespace composer {

/// Refuses a plan that could not be carried out because a package is missing that its disk or its
/// settings need by name: a kernel and dracut for whatever boots from a disk, the firewall that is
/// asked for. What else a loader needs is looked for in the installed root, by the steps
/// themselves.
/// @throws Error  of kind usage with every problem, each at what asks for the package.
void check_required_packages(const Blueprint& blueprint, const Plan& plan);

}  // namespace composer
