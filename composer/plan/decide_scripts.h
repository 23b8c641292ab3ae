#pragma once

#include <filesystem>
#include <vector>

#include "composer/blueprint.h"
#include "composer/plan.h"

namespace composer {

/// The scripts in the order in which they run: those before the configuration, then those after it,
/// each in the blueprint's order. A source is read from the
/// folder of the file that names it, or from `folder` where that is not known.
/// @throws Error  of kind usage, with every source that cannot be read, and every script whose `#!`
///                line no kernel could follow.
std::vector<PlannedScript> plan_scripts(const std::vector<ScriptRequest>& requests,
                                        const std::filesystem::path& folder);

/// The scripts that are run in a booted guest, in the blueprint's order.
/// @throws Error  of kind usage, with every source that cannot be read.
std::vector<PlannedTestScript> plan_test_scripts(const std::vector<TestScriptRequest>& requests,
                                                 const std::filesystem::path& folder);

}  // namespace composer
