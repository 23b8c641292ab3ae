#pragma once

#include <string>
#include <vector>

#include "composer/plan.h"
#include "composer/progress.h"
#include "composer/root.h"

namespace composer::tree {

/// One line per script, in the order in which they run, for `plan`: its moment, name, interpreter,
/// size, and `network: yes` or `network: no`.
std::vector<std::string> describe_scripts(const Plan& plan);

/// Runs the scripts of one moment, in order. Their output goes to `progress` as it comes.
/// @throws Error  of kind build at the first that fails, with its name, moment, exit status and the
///                end of its output, or whose interpreter is not in the root.
void run_scripts(const Plan& plan, ScriptMoment when, Root& root, Progress& progress);

}  // namespace composer::tree
