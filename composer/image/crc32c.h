#pragma once

#include <cstdint>
#include <string_view>

namespace composer::image {

/// CRC-32C (Castagnoli), reflected, as VHDX uses it. Byte by byte: it sees a few hundred KiB.
std::uint32_t crc32c(std::string_view bytes);

}  // namespace composer::image
