#pragma once

#include <filesystem>
#include <vector>

namespace composer::image {

/// Unpacks tar archives (plain, gzip, zstd) into an empty directory, each over those before it, as
/// layers of a container: whiteouts take away what lower ones have. Owners, modes, times, hard
/// links and extended attributes are kept, so that it needs root. Source: OCI Image Format
/// Specification 1.1.0, layer.md.
///
/// @throws Error  naming the archive, when it is damaged, has a path with `..`, writes through a
///                symbolic link, or holds more than 64 GiB.
void unpack_layers(const std::vector<std::filesystem::path>& layers,
                   const std::filesystem::path& root);

}  // namespace composer::image
