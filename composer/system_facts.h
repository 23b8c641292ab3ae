#pragma once

#include "composer/image/system_facts.h"
#include "composer/plan.h"
#include "composer/root.h"

namespace composer {

/// What outputs say of the finished system: its kernels, its os-release, what its boot menu starts.
image::SystemFacts read_system_facts(const Plan& plan, const Root& root);

}  // namespace composer
