#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "composer/base/file_descriptor.h"

namespace composer::disk {

/// A file or directory that is to go into a FAT filesystem.
struct FatSource {
  std::string name;  ///< Empty for the top.
  bool directory = false;
  std::uint64_t size = 0;           ///< Of a file, in bytes.
  std::int64_t modified = 0;        ///< Seconds since 1970.
  std::vector<FatSource> children;  ///< Sorted bytewise by name.
};

/// What lies below `directory`, which an installed system filled, so every name is checked.
///
/// @param shown  The directory's path in the image, for messages.
/// @throws Error  naming the file: a symbolic link, device or other thing that FAT has not, a name
///                that it cannot hold, a file of 4 GiB or more, more than 65536 files, directories
///                nested deeper than 32.
FatSource scan_fat_source(int directory, std::string_view shown);

/// Opens a file of the tree for reading; `path` is relative to `directory` and without links.
FileDescriptor open_fat_source(int directory, const std::string& path);

/// Removes everything below `directory` that `tree` lists, and makes sure that nothing is left.
void remove_fat_source(int directory, const FatSource& tree, std::string_view shown);

}  // namespace composer::disk
