#pragma once

#include <cstdint>
#include <string>

#include "composer/plan.h"

// The JSON documents of an OCI image with one layer. docs/formats/oci.md has a worked example.
// Source: OCI Image Format Specification 1.1.0.

namespace composer::image::oci {

/// Something stored under its digest.
struct Blob {
  std::string digest;  ///< SHA-256, 64 digits.
  std::uint64_t size = 0;
};

struct Layer {
  Blob blob;
  std::string diff_id;  ///< SHA-256 of the archive before compression.
  Compression compression = Compression::none;
};

/// The image configuration: what runs, how, and the layer's diff id.
std::string config_document(const Plan& plan, const PlannedContainer& container,
                            const Layer& layer);
std::string manifest_document(const Blob& config, const Layer& layer);
/// The image index of a layout, which gives the manifest its name.
std::string index_document(const Plan& plan, const PlannedContainer& container,
                           const Blob& manifest);
/// The content of `oci-layout`.
std::string layout_document();

/// `amd64`, `arm64`: Go's names, as OCI has them.
std::string architecture_of(Architecture arch);

}  // namespace composer::image::oci
