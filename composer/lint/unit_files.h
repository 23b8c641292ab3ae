#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "composer/root.h"

namespace composer::lint {

/// What systemd will do with a unit at the first start, read from its files and links alone.
enum class UnitState { absent, masked, disabled, enabled };

/// `is not there`, `is masked`, … completing "the unit 'x' …".
std::string_view to_text(UnitState state);

/// The state of a unit: enabled by a link in a `.wants` or `.requires` folder, or by a preset where
/// the machine-id says that the first start applies presets (it enables, it does not disable).
/// Source: systemd 257, systemd.preset(5), machine-id(5) "First Boot Semantics".
UnitState unit_state(const ReadRoot& root, std::string_view unit);

/// The best state among names of one unit: `sshd.service` and `ssh.service`.
UnitState unit_state(const ReadRoot& root, std::initializer_list<std::string_view> units);

}  // namespace composer::lint
