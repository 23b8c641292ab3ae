#pragma once

#include <string>

#include "composer/plan/lock.h"

namespace composer {

/// What another lock would change, in words, for people: packages that are added, removed, upgraded
/// and downgraded, repositories that have other metadata, and the sizes. Empty when nothing would.
std::string describe_update(const Lock& from, const Lock& to);

}  // namespace composer
