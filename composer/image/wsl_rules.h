#pragma once

#include <string>
#include <vector>

#include "composer/plan.h"
#include "composer/root.h"

namespace composer::image {

/// What would make WSL, or those who check distributions for it, refuse this root: one sentence
/// each, empty when all is well. docs/formats/wsl.md lists the rules.
/// Source: Microsoft, "Build a custom Linux distribution for WSL" (read in November 2026), and
/// distributions/validate-modern.py of github.com/microsoft/WSL.
std::vector<std::string> wsl_problems(const ReadRoot& root, Architecture arch);

}  // namespace composer::image
