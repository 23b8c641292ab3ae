#pragma once

#include "composer/image/root_formats.h"

// The root as an OCI image of one layer: a layout directory, or that layout in a tar archive, as
// skopeo, podman and umoci read them (`oci:` and `oci-archive:`). docs/formats/oci.md.

namespace composer::image {

/// Fills the empty directory. The digest is that of the image's manifest.
WrittenDirectory write_oci_directory(const RootJob& job, PartialDirectory& directory);

/// Writes the layout as one archive.
void write_oci_archive(const RootJob& job, PartialFile& file);

}  // namespace composer::image
