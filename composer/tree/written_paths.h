#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "composer/tree/accounts.h"

// What files and directories of a blueprint have in common: where they may be, and whose they are.

namespace composer::tree {

/// Refuses what the composer writes itself, and where nothing survives: a file there would silently
/// be lost, or break what another part of the blueprint asks for.
/// @param noun  `file` or `directory`.
void check_written_path(const std::string& path, std::string_view noun);

/// The number of a user or group that something is to belong to.
/// @throws Error  when the image has none of that name.
std::uint32_t owner_of(const Accounts& accounts, const std::string& user, std::string_view noun,
                       const std::string& path);
std::uint32_t group_of(const Accounts& accounts, const std::string& group, std::string_view noun,
                       const std::string& path);

}  // namespace composer::tree
