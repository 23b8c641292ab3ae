#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>

namespace composer::blueprint {

/// Where blueprints and their parts come from, so that a test can have them in memory.
struct Files {
  /// The content of a file, cut a little past the longest that a blueprint may be, so that a longer
  /// one is seen to be. @throws std::system_error with what the system says.
  std::function<std::string(const std::filesystem::path&)> read;
  /// The same text for every path of the same file, so that a cycle is seen to be one.
  std::function<std::string(const std::filesystem::path&)> identity;
};

/// The files of this machine.
Files files_on_disk();

/// Files that are only here, by their shortest paths.
Files files_in_memory(std::map<std::string, std::string> texts);

/// The path of a file that another one names, as it is shown: in its shortest form, if that is the
/// same file (`a/../b` is not `b` where `a` is a link).
std::filesystem::path beside(const std::filesystem::path& folder, const std::filesystem::path& name,
                             const Files& files);

}  // namespace composer::blueprint
