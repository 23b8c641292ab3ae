#pragma once

#include <set>
#include <string>
#include <string_view>

#include "composer/units.h"

namespace composer::lint {

/// What unpacks to more is not read: a small file can pretend to be an endless one.
inline constexpr Bytes kLargestInitramfs = GiB(1);

/// The names of the files in an initramfs, without a leading slash: of every cpio archive ("newc")
/// that it is made of, uncompressed or compressed by gzip, xz or zstd, early microcode included.
///
/// @throws Error  when it is none of that, damaged, or unpacks to more than kLargestInitramfs.
/// Source: Linux, Documentation/driver-api/early-userspace/buffer-format.rst.
std::set<std::string> list_initramfs(std::string_view bytes);

/// Unpacks one stream of gzip, xz or zstd that is the whole of `bytes`, to at most `most`; other
/// bytes are returned as they are. For compressed kernel modules.
/// @throws Error  when it is damaged or larger.
std::string unpack(std::string_view bytes, Bytes most);

}  // namespace composer::lint
