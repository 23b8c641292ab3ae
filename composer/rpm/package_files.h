#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "composer/units.h"

namespace composer::rpm {

/// A file of a package, as its header says before anything is installed.
struct PackagedFile {
  enum class Kind { regular, directory, other };

  std::string path;  ///< Absolute.
  Kind kind = Kind::other;
  Bytes size;                  ///< Of a regular file; of one with several names at the first alone.
  bool documentation = false;  ///< Marked as such: `%doc`, `%docdir`.
  std::vector<std::string> languages;  ///< `%lang`; empty for all.
};

struct PackageContents {
  std::string name;  ///< As the caller calls the package.
  std::vector<PackagedFile> files;
};

/// Reads the file list in an .rpm file's header; what is installed by no file (ghosts) is left out.
/// No signature is checked. Sizes are what the header claims, up to 2^63.
///
/// @throws Error  for a file that is cut short, is no package, or has a header that librpm refuses.
PackageContents read_package_files(const std::filesystem::path& package, std::string_view name);

}  // namespace composer::rpm
