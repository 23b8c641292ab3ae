#pragma once

#include <string_view>

#include "composer/units.h"

namespace composer::disk {

/// Makes a range of a file or block device read as zeros: a hole where there can be one.
/// @param offset, size  Multiples of 512 bytes, within the file.
/// @param shown  The file, for messages.
void clear_range(int fd, Bytes offset, Bytes size, std::string_view shown);

}  // namespace composer::disk
