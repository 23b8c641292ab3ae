#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "composer/root.h"

namespace composer::lint {

/// No configuration that people write is larger.
inline constexpr std::uint64_t kLargestConfig = 4 << 20;

/// The text of a configuration file; nothing where there is none, or something else than a regular
/// file (a link to /dev/null).
/// @throws Error  when it is larger than `most` bytes: what was not read is not known.
std::optional<std::string> read_config(const ReadRoot& root, std::string_view path,
                                       std::uint64_t most = kLargestConfig);

/// The files of a configuration that is spread over folders, by their names: a name in an earlier
/// folder hides the same name in later ones, a link to /dev/null too.
/// @param ending  Of the names that count: `.conf`.
std::vector<std::string> drop_in_files(const ReadRoot& root,
                                       std::initializer_list<std::string_view> folders,
                                       std::string_view ending);

}  // namespace composer::lint
