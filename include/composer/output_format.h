#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "composer/blueprint.h"

// What is known of each output format before anything is written.

namespace composer {

struct OutputFormatFacts {
  OutputFormat format;
  /// End of its files' names, with the dot.
  std::string_view extension;
  /// Whether it is made of the disk; of the root otherwise.
  bool of_disk = false;
  /// Whether it is a directory; a file otherwise.
  bool is_directory = false;
  /// What it can be compressed with, the default first.
  std::span<const Compression> compressions;
};

/// One row for each OutputFormat.
const OutputFormatFacts& facts_of(OutputFormat format);

/// The end of the name of a file that is compressed so, e.g. `.raw.zst`.
std::string_view extension_of(OutputFormat format, Compression compression);

bool is_made_of_disk(OutputFormat format);

/// Why a disk that this program lays out cannot be shown to a machine in such sectors.
struct SectorRefusal {
  std::string_view why, hint;
};
std::optional<SectorRefusal> refuse_sector_size(SectorSize size);

}  // namespace composer
