#pragma once

#include <string_view>
#include <vector>

#include "composer/lint/subject.h"

namespace composer::lint {

/// The packages that dpkg's list has as installed, by name; versions without their epoch.
/// @param status  The text of /var/lib/dpkg/status.
/// Source: deb-control(5), deb-version(7); dpkg(1), "package states".
std::vector<InstalledPackage> dpkg_packages(std::string_view status);

}  // namespace composer::lint
