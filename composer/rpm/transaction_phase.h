#pragma once

#include <cstdint>
#include <string_view>

namespace composer::rpm {

/// A scriptlet's phase as spec files name it: `%post`, `%transfiletriggerin`. `tag` is rpm's, as
/// its notify callback gives it; `%script` for one that is not known.
std::string_view phase_of(std::uint64_t tag);

}  // namespace composer::rpm
