#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace composer::rpm {

/// A package as the rpm database of an image has it.
struct InstalledPackage {
  std::string name;
  std::uint32_t epoch = 0;
  std::string version, release, arch;
};

/// The packages in an rpm database, sorted by name and version. Nothing of the host's own rpm is
/// read or changed, and no privilege is needed. librpm reads it in a process of its own, for a
/// limited time: what a hostile database does to it is an Error here.
///
/// @param database  The content of rpmdb.sqlite, from wherever it is.
/// @throws Error  when it is no such database, or damaged.
std::vector<InstalledPackage> read_installed_packages(std::string_view database);

}  // namespace composer::rpm
