#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "composer/rpm/installed_packages.h"

namespace composer::rpm {

/// One dependency as an rpm header has it: a name, also a file path or a rich dependency in
/// parentheses, and a version that it is compared to.
struct Dependency {
  bool less = false, greater = false, equal = false;  ///< All false: any version.
  std::string name;
  std::string evr;  ///< `[epoch:]version[-release]`; empty for any.
};

/// What a solver must know of a package that is installed, and what a plan says of it.
struct InstalledDetails {
  InstalledPackage package;
  std::string vendor, license, source_rpm, summary;
  std::int64_t build_time = 0;  ///< Seconds since 1970.
  std::uint64_t size = 0;       ///< Bytes of its files.
  std::vector<Dependency> requires_, provides, conflicts, obsoletes, recommends, supplements;
  std::vector<std::string> files;  ///< Absolute paths.
};

/// The packages in an rpm database with all that, by name and version; keys (gpg-pubkey) left out.
/// @param database  The content of rpmdb.sqlite, from wherever it is.
/// @throws Error  as read_installed_packages.
std::vector<InstalledDetails> read_installed_details(std::string_view database);

}  // namespace composer::rpm
