#pragma once

#include <vector>

#include "composer/error.h"
#include "composer/solve/goal.h"

namespace composer::solve {

/// Why the solver found no way, one Problem for each of libsolv's, in words and at the place of the
/// first request that is part of it; the other requests and rules are its notes.
std::vector<Problem> explain(const Universe& universe, Solver* solver, const std::vector<Job>& jobs,
                             const Excluded& excluded);

}  // namespace composer::solve
