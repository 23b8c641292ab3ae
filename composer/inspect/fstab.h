#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "composer/inspect/image_root.h"

namespace composer::inspect {

/// The lines of an fstab that ask for something, in order. Source: fstab(5).
std::vector<FstabMount> parse_fstab(std::string_view text);

/// Which filesystem a source names: UUID=, LABEL=, PARTUUID=, PARTLABEL= or the same below
/// /dev/disk. A device's name (/dev/sda1) depends on the machine and names nothing.
std::optional<std::size_t> find_source(std::string_view source,
                                       std::span<const FilesystemFacts> filesystems,
                                       std::span<const PartitionFacts> partitions);

}  // namespace composer::inspect
