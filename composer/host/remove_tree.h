#pragma once

#include <filesystem>

namespace composer::host {

/// Removes a directory with all that is in it, on its own filesystem alone: what is mounted in it
/// is left, links are removed and not followed. Whatever lies in it, the work is bounded: 200
/// descriptors, no recursion deeper than that. Nothing happens when there is none.
/// @throws Error  naming the first path that could not be removed; the rest is removed all the
/// same.
void remove_tree(const std::filesystem::path& directory);

}  // namespace composer::host
