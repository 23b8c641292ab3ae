#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "composer/units.h"

namespace composer {

/// A folder of the build machine that goes into an image as it is.
struct SourceTree {
  struct File {
    std::string name;  ///< Path in the folder.
    std::string content;
    bool executable = false;  ///< By its owner.
  };
  std::vector<std::string> folders;  ///< Paths in the folder, sorted: parents come first.
  std::vector<File> files;           ///< By name.
};

/// What a tree may be at most: it goes into the plan, and so into plan.lock.
struct SourceLimits {
  std::size_t entries = 10'000;  ///< Files and folders.
  Bytes size = MiB(64);          ///< Of the files together.
};

/// Reads the folder that `relative` names inside `folder`. A link to a file inside it counts as the
/// file; everything else that is no file and no folder is refused.
/// @throws Error  of kind usage when it is not a folder inside `folder`, when something in it leads
///                out of it, is refused or unreadable, or when it is too large.
SourceTree read_source_tree(const std::filesystem::path& folder, const std::string& relative,
                            const SourceLimits& limits = {});

}  // namespace composer
