#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "composer/base/file_descriptor.h"

namespace composer::disk {

enum class MountPoint { made, found };

/// Makes a directory and its missing parents in a root that may be hostile: links are resolved
/// inside the root. What is made has mode 0755 and the times of `source_date_epoch`; what is there
/// stays as it is, its times as well.
/// @param path  Absolute, in the root.
/// @throws Error  when something else is in the way.
MountPoint make_mount_point(const std::filesystem::path& root, const std::string& path,
                            std::int64_t source_date_epoch);

/// Opens a directory of a root that packages filled. A link anywhere in the path is refused: it
/// would move another directory's files into the partition.
FileDescriptor open_mount_point(const std::filesystem::path& root, const std::string& path);

/// @throws Error  when something is in the open mount point `path`: it would end up in the
///                partition, though it was never seen there.
void require_empty_mount_point(int directory, const std::string& path);

}  // namespace composer::disk
