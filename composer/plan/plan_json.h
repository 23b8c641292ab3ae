#pragma once

#include <string>
#include <string_view>

#include "composer/plan.h"

namespace composer {

/// The plan as JSON text with its keys in a fixed order, two spaces of indent and a final newline:
/// the same plan gives the same bytes. This is plan.lock and `plan --json`.
std::string to_json(const Plan& plan);

/// The inverse of `to_json`. Unknown keys, missing keys and values of the wrong type are refused.
/// @param name  Of the text's source, for errors.
/// @throws Error  of kind usage naming the key, e.g. `plan.lock: packages[3].size: …`.
Plan parse_plan(std::string_view text, std::string_view name);

}  // namespace composer
