#pragma once

#include <filesystem>
#include <string>

namespace composer::host {

/// A digest of a file that is mostly holes, in the time that its data take: SHA-256 over its size
/// and each block of 64 KiB that is not all zeros, with its number. The same wherever its holes
/// are. Written as `data:` and 64 hexadecimal digits. @throws Error when the file cannot be read.
std::string data_digest(const std::filesystem::path& path);

}  // namespace composer::host
