#pragma once

#include <vector>

#include "composer/rpm/installed_details.h"
#include "composer/solve/libsolv.h"

namespace composer::solve {

/// What libsolv calls the packages that are there; no blueprint's repository can be called so.
inline constexpr const char* kInstalledRepo = "@System";

/// Makes a repository of what is installed, in that order, and tells the pool so.
/// @returns The Id of the first.
Id add_installed(Pool* pool, const std::vector<rpm::InstalledDetails>& installed);

}  // namespace composer::solve
