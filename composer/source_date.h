#pragma once

#include <cstdint>
#include <optional>

namespace composer {

/// SOURCE_DATE_EPOCH of the environment, as reproducible-builds.org specifies it; nothing when it
/// is not set.
/// @throws Error  of kind usage when it is no number of seconds.
std::optional<std::int64_t> source_date_from_environment();

}  // namespace composer
