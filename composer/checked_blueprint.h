#pragma once

#include <filesystem>
#include <string>

#include "composer/blueprint.h"

namespace composer {

/// Reads a blueprint and refuses everything about it that can be refused without a repository: its
/// text, what its parts say of each other, the disk's layout, the files that it names, its lint
/// rules. What follows from another mistake alone is not told.
/// @throws Error  of kind usage, with every problem at its place.
Blueprint read_checked_blueprint(const std::filesystem::path& path,
                                 const BlueprintOptions& options = {});

/// The same for a text that was read already.
Blueprint parse_checked_blueprint(std::string text, const std::filesystem::path& path,
                                  const BlueprintOptions& options = {});

}  // namespace composer
