#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "composer/root.h"

namespace composer::tree {

/// Where units of the administrator are, first in systemd's order of precedence.
inline constexpr std::string_view kOwnUnits = "/etc/systemd/system";

/// `getty@.service` for `getty@tty1.service`, else the name itself.
std::string template_of(const std::string& name);

/// Whether a root has a unit of this name, or the template that it is an instance of.
bool has_unit(const Root& root, const std::string& name);

/// Whether the root has a file of this very name among its units, and where; empty if not.
std::string unit_path(const Root& root, const std::string& name);

/// What to do about a unit that is not there: the nearest name, or the package that has it.
std::string hint_for_unit(const Root& root, const std::string& name);

}  // namespace composer::tree
