#pragma once

#include <string>

#include "composer/plan.h"
#include "composer/report.h"

namespace composer {

/// The plan in words: what will be installed, laid out, configured and written. Deterministic; what
/// the configure steps say here is what they will log.
std::string describe(const Plan& plan);

/// What an image is, where, and its digest.
std::string describe(const Image& image);

/// What a build made, where it is and how long it took.
std::string describe(const BuildReport& report);

/// What a lock is now, or with `diff` what an update would make of it.
std::string describe(const LockReport& report, bool diff);

/// How a boot went, with each finding.
std::string describe(const BootReport& report);

}  // namespace composer
