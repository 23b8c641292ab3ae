#pragma once

#include <cstdint>
#include <string>
#include <string_view>

// Tar archives of a few files whose contents are known only when they are written: an OCI archive,
// a COSI. The headers are put before the contents afterwards. (What archives a tree is
// tar_archive.h, by libarchive.)

namespace composer::image {

inline constexpr std::uint64_t kTarBlock = 512;

/// The header of a regular file that belongs to root, mode 0644, in ustar's form; a size from 8 GiB
/// on in GNU's base 256, which GNU tar, bsdtar, Go and Rust read.
///
/// @param name   At most 100 bytes.
/// @param mtime  Seconds since 1970, not negative.
std::string tar_header(std::string_view name, std::uint64_t size, std::int64_t mtime);

/// Zeros from the end of a content of this size to the next whole block.
std::string tar_padding(std::uint64_t size);

/// The end of an archive: two blocks of zeros.
std::string tar_end();

}  // namespace composer::image
