#pragma once

#include <optional>
#include <vector>

#include "composer/inspect/disk_facts.h"

namespace composer::inspect {

/// What a volume holds, by its magic numbers: type, UUID, label, and what its superblock says of
/// its state. Nothing when nothing is recognised. The first that fits counts.
std::optional<FilesystemFacts> recognise_filesystem(const BlockSource& volume);

/// What the disk's partitions hold, in their order; of a disk without a table what is on the whole
/// of it. What is not recognised, or not within the disk, is left out.
std::vector<FilesystemFacts> recognise_filesystems(const BlockSource& disk, const DiskFacts& facts);

/// True for the types that this folder reads itself.
bool is_read_directly(const std::string& type);
/// True for the types that only libguestfs reads.
bool is_read_by_guest(const std::string& type);

}  // namespace composer::inspect
