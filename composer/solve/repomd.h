#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "composer/host/cache.h"

namespace composer::solve {

/// One metadata file that a repomd.xml names.
struct MetadataFile {
  std::string type;      ///< primary, filelists, group, …
  std::string location;  ///< Path below the repository's base URL; checked, see is_safe_location.
  host::Checksum checksum;
  std::uint64_t size = 0;       ///< Of the file, in bytes.
  std::uint64_t open_size = 0;  ///< Uncompressed; a bound for reading it.
};

struct Repomd {
  std::vector<MetadataFile> files;
  bool modular = false;  ///< There is modules metadata, which we do not read.

  /// The file of this type, or null. Of `group` and `group_gz` the compressed one.
  const MetadataFile* find(std::string_view type) const;
};

/// Reads a repomd.xml.
///
/// Only files of types that we read are kept; each must have a checksum of sha256 or stronger, a
/// size and a safe location. Types in zchunk and SQLite are passed over: createrepo_c writes them
/// beside the others, never instead of them.
/// @throws Error  of kind build naming `what`.
/// Source: createrepo_c's repomd writer, dnf's use of it.
Repomd parse_repomd(std::string_view document, std::string_view what);

/// A relative path without `..`, empty parts, control characters or URL parts behind a path: what
/// is joined to a base URL or a folder must stay below it.
bool is_safe_location(std::string_view location);

}  // namespace composer::solve
