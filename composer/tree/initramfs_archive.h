#pragma once

#include <string>
#include <string_view>

namespace composer::tree {

/// An initramfs before compression: what the kernel must find uncompressed at its front, and the
/// rest.
struct InitramfsParts {
  std::string_view early;  ///< A cpio archive with an entry `early_cpio` (microcode, ACPI tables),
                           ///< padded; usually empty.
  std::string_view main;
};

/// Splits what dracut wrote without compression.
/// @throws Error  when it is not a cpio archive in the "newc" format.
/// Source: Linux, Documentation/driver-api/early-userspace/buffer-format.rst.
InitramfsParts split_initramfs(std::string_view archive);

enum class InitramfsCompression { zstd, gzip };

/// What the kernel with this configuration can unpack: zstd before gzip.
/// @param configuration  Text of CONFIG_…=y lines.
/// @throws Error  when it is neither.
InitramfsCompression initramfs_compression(std::string_view configuration, std::string_view kernel);

/// One zstd frame (RFC 8878) with a checksum, made by several threads in jobs of a fixed size, so
/// that the bytes do not depend on their number.
std::string compress_zstd(std::string_view bytes, int threads);

/// One gzip member (RFC 1952) without time and name.
std::string compress_gzip(std::string_view bytes);

}  // namespace composer::tree
