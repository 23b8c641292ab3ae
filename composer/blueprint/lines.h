#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "composer/blueprint/findings.h"

namespace composer::blueprint {

/// Refuses what cannot stand as one line, or the rest of one, in a configuration file: nothing, a
/// line break or tab, a space at either end, a backslash at the end (it would join the next line).
///
/// @param noun  What it is, without article: `sudo rule`.
/// @param most  Bytes.
std::optional<Refusal> check_line(std::string_view text, std::string_view noun, std::size_t most);

}  // namespace composer::blueprint
