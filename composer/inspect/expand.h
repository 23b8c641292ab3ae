#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>

#include "composer/inspect/block_source.h"
#include "composer/units.h"

namespace composer::inspect {

/// The sum of a disk's runs of data, by its tables.
Bytes data_size(const BlockSource& disk);

/// Told of bytes that were gone through, by any thread but never twice at once; may throw to stop.
using ExpandMeter = std::function<void(std::uint64_t bytes)>;

/// Writes the disk of an image into an empty file, in several threads: holes where the image has
/// none of its data, or 64 KiB of zeros. The file becomes as long as the disk.
///
/// @param image  Opened once by each thread.
/// @param fd     Open for writing.
/// @throws Error  when the image cannot be read, the disk is full, or the user asked to stop.
void expand(const std::filesystem::path& image, int fd, unsigned threads, const ExpandMeter& meter);

/// True when a file begins as a zstd stream does.
bool is_zstd_file(const std::filesystem::path& path);

/// The same for a raw disk that is compressed with zstd, in one frame or many.
///
/// @returns How long the disk is.
/// @throws Error  when the stream is damaged or cut short, or what it holds is no raw disk.
Bytes expand_zstd(const std::filesystem::path& file, int fd, const ExpandMeter& meter);

}  // namespace composer::inspect
