#pragma once

#include <span>
#include <string>
#include <string_view>

#include "composer/report.h"

namespace composer {

/// Boots of one image as JUnit XML: a test suite for each, a test case for each of its checks. A
/// check that could not be made is skipped, never passed.
///
/// @param image  Names the suites: `IMAGE.uefi`.
std::string junit_xml(std::string_view image, std::span<const BootReport> reports);

}  // namespace composer
