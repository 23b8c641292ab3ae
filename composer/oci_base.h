#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "composer/plan.h"

// Images in an OCI layout as bases: a container's root in layers, or an artifact that is a disk.

namespace composer {

/// What an OCI layout holds. Source: OCI Image Format Specification 1.1.0.
struct OciBase {
  std::filesystem::path disk;  ///< The one blob that is a disk image; else empty, and there are
  std::vector<std::filesystem::path> layers;  ///< tar archives, lowest first.
  PlannedContainer container;                 ///< What its configuration says of the program in it.
  std::string architecture;  ///< As OCI calls it: `amd64`; empty where it is not said.
};

/// True for a folder with a file `oci-layout`.
bool is_oci_layout(const std::filesystem::path& path);

/// Reads a layout's one image. Every blob is checked against its digest and size.
/// @throws Error  when a document is damaged, a blob is not what its digest says, or there are
///                several images in it.
OciBase read_oci_base(const std::filesystem::path& layout);

}  // namespace composer
