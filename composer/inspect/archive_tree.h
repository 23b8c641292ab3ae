#pragma once

#include <filesystem>
#include <memory>

#include "composer/inspect/file_tree.h"

namespace composer::inspect {

/// True when a file that begins with these bytes (512 at least, where there are as many) is a tar
/// archive, or a compressed file that may be one (gzip, xz, zstd, bzip2).
bool is_archive(std::string_view head);

/// Opens a tar archive of a root (libarchive). Its contents are unpacked into a file without name
/// in the temporary folder, which goes with the tree. A later entry of the same name replaces an
/// earlier one.
/// @throws Error  when it is no tar archive, is cut short, has paths with `..` or below what is no
///                directory, or more than two million entries or 64 GiB of content.
std::unique_ptr<FileTree> open_archive(const std::filesystem::path& path);

}  // namespace composer::inspect
