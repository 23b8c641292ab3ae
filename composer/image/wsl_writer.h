#pragma once

#include "composer/image/root_formats.h"

namespace composer::image {

/// Writes the root as a distribution of WSL: a tar archive with gzip.
/// @throws Error  of kind build, with every reason, for a root that WSL would not take.
void write_wsl(const RootJob& job, PartialFile& file);

}  // namespace composer::image
