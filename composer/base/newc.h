#pragma once

#include <cstdint>
#include <string>
#include <string_view>

// The cpio format `newc`, which the kernel unpacks as its first root. docs/formats/cpio.md.
// Source: Linux, Documentation/driver-api/early-userspace/buffer-format.rst.

namespace composer {

inline constexpr std::string_view kNewcTrailer = "TRAILER!!!";

/// What an archive says of one file before its content.
struct NewcHeader {
  std::uint32_t inode = 0;
  std::uint32_t mode = 0;  ///< Kind and permissions, as in `st_mode`.
  std::uint32_t uid = 0, gid = 0;
  std::uint32_t links = 1;
  std::int64_t time = 0;   ///< Seconds since 1970; outside of 32 bits the nearest that fits.
  std::uint64_t size = 0;  ///< Bytes of content, or of a link's target; below 4 GiB.
  std::uint32_t device_major = 0, device_minor = 0;  ///< Of a device node.
};

/// The header and the name, padded: the content follows, padded by newc_padding.
/// @param name  A path without a leading slash.
/// @throws Error  when the content is too large for the format.
std::string newc_entry(std::string_view name, const NewcHeader& header);

/// The zeros after `size` bytes of content.
std::string_view newc_padding(std::uint64_t size);

}  // namespace composer
