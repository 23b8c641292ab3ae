#pragma once

#include <string_view>
#include <vector>

#include "composer/blueprint/language.h"

namespace composer::blueprint {

/// Whether nobody may be shown what a key of the mapping holds.
bool is_secret(const Mapping& mapping, std::string_view key);

/// Has every secret concealed, in all files, wherever a problem may show its line: values of secret
/// keys, and the variables that they are made of.
///
/// @param owns  The keys of each file and section.
void conceal_secrets(const std::vector<const Node*>& owns, Findings& findings);

}  // namespace composer::blueprint
