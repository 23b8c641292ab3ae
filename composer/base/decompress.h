#pragma once

#include <cstddef>
#include <functional>
#include <string_view>

namespace composer {

enum class StreamCompression { none, gzip, xz, zstd };

/// By the first bytes.
StreamCompression compression_of(std::string_view bytes);

/// Unpacks the stream that `bytes` begin with, in parts of at most 256 KiB.
///
/// @returns How many bytes the stream took.
/// @throws Error  when it is damaged or cut short; what `sink` throws passes through.
std::size_t decompress(std::string_view bytes, const std::function<void(std::string_view)>& sink);

}  // namespace composer
