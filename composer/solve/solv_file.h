#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "composer/base/handle.h"
#include "composer/solve/repomd.h"

// Repository metadata in libsolv's own form, which loads ten times faster than XML.
// docs/resolving.md describes the file: a magic line, the package names and their size before them,
// libsolv's part, a SHA-256 of all before it.

namespace composer::solve {

using OpenFile = Handle<std::FILE, std::fclose>;

/// An opened .solv file, its checksum verified; it stands at libsolv's part.
struct SolvFile {
  std::string names;  ///< Of all packages, each ended by a newline; sorted, each once.
  OpenFile file;
};

/// The name under which a repository's .solv file is kept: it changes with the metadata files, with
/// libsolv and with our own format.
/// @param filelists  Null where the file has only what primary lists.
std::string solv_key(const MetadataFile& primary, const MetadataFile* filelists);

/// Opens a .solv file; nothing when it is not there, or is damaged in any way.
std::optional<SolvFile> open_solv(const std::filesystem::path& path);

/// A metadata file in the store.
struct StoredMetadata {
  std::filesystem::path path;
  MetadataFile about;
};

/// Turns XML metadata into a .solv file at `destination`, by rename.
/// @throws Error  of kind build naming `what` and the cause: XML that cannot be read, or more of it
///                than its open-size says.
void write_solv(const StoredMetadata& primary, const StoredMetadata* filelists,
                const std::filesystem::path& destination, std::string_view what);

/// The whole text of a compressed or plain metadata file. @throws Error like write_solv.
std::string read_metadata(const StoredMetadata& metadata, std::string_view what);

}  // namespace composer::solve
