#pragma once

#include <rpm/rpmps.h>
#include <vector>

#include "composer/error.h"

namespace composer::rpm {

/// What rpm found wrong with a transaction, in our words, in rpm's order; at most 40 of them.
std::vector<Problem> problems_of(rpmps set);

}  // namespace composer::rpm
