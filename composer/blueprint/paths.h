#pragma once

#include <optional>
#include <string_view>

#include "composer/blueprint/findings.h"

namespace composer::blueprint {

/// Refuses what is not an absolute path in its only spelling: no `//`, `.`, `..` or closing `/`.
std::optional<Refusal> check_absolute_path(std::string_view text, std::string_view noun);

/// Whether `path` is `folder` or below it; both in their only spelling.
bool is_within(std::string_view path, std::string_view folder);

/// Whether `text` is a URL rather than a path: it has a `scheme://`.
bool is_url(std::string_view text);

}  // namespace composer::blueprint
