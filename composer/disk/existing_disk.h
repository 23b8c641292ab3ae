#pragma once

#include <filesystem>
#include <string>

#include "composer/base/file_descriptor.h"
#include "composer/plan.h"

namespace composer::disk {

/// A raw disk that is there already, such as the scratch copy of a base image.
struct ExistingDisk {
  std::filesystem::path file;  ///< Ours to change; may be a block device.
  Bytes size;
  std::string id;  ///< As PlannedDisk::id.
};

/// Opens the disk for reading and writing and gives it the size and the partition table of
/// `layout`. What its partitions gain, and those that it gains, read as zeros throughout.
/// @throws Error  when it is not the disk that the layout was planned for; it is as before then,
///                but for its size.
FileDescriptor open_existing_disk(const PlannedDisk& layout, const ExistingDisk& existing);

}  // namespace composer::disk
