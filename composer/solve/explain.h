#pragma once

#include <set>
#include <string>
#include <vector>

#include "composer/error.h"
#include "composer/solve/goal.h"

namespace composer::solve {

/// Why the solver found no way, one Problem for each of libsolv's, in words and at the place of the
/// first request that is part of it; the other requests and rules are its notes.
std::vector<Problem> explain(const Universe& universe, Solver* solver, const std::vector<Job>& jobs,
                             const Excluded& excluded);

/// The names of all packages that libsolv's problems speak of, and of those that could be meant by
/// a dependency in them.
std::set<std::string> names_in_problems(const Universe& universe, Solver* solver);

}  // namespace composer::solve
