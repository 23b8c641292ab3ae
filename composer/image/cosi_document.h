#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "composer/image/system_facts.h"
#include "composer/plan.h"

// metadata.json of Microsoft's composable OS image. docs/formats/cosi.md has the fields and a
// worked example. Source: "Composable Operating System Image (COSI) Specification" 1.2 and its JSON
// schema, in github.com/microsoft/trident (read in November 2026).

namespace composer::image::cosi {

/// The window of zstd's level 3: 2 MiB. Readers size their memory by it.
inline constexpr int kWindowLog = 21;

/// A region of the disk, as it is stored.
struct Region {
  int partition = 0;  ///< Number of the partition; 0 for the partition table at the disk's begin.
  std::uint64_t start = 0, size = 0;  ///< Bytes, on the disk.
  std::uint64_t compressed_size = 0;
  std::string sha384;  ///< Of the compressed image, 96 digits.

  std::string path() const;  ///< In the archive.
};

/// Why the plan's disk cannot be a COSI; empty where it can.
std::string refusal(const Plan& plan);

/// The regions of the plan's disk in its order, nothing of them stored yet: the partition table,
/// then each partition.
std::vector<Region> regions_of(const Plan& plan);

/// The document, with a newline at its end.
std::string metadata_document(const Plan& plan, const SystemFacts& system,
                              const std::vector<Region>& regions);

}  // namespace composer::image::cosi
