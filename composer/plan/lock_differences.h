#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "composer/blueprint.h"
#include "composer/error.h"
#include "composer/plan/lock.h"

namespace composer {

/// Everything that a blueprint asks for otherwise than when its lock was made, at its place.
/// @param name  Of the lock.
std::vector<Problem> lock_differences(const Blueprint& blueprint, const Lock& lock,
                                      std::string_view name);

}  // namespace composer
