#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "composer/units.h"

// What kind of disk image a file is, read from its own bytes. QEMU is never left to probe: a guest
// that writes a qcow2 header into its raw disk could otherwise name any file of the host as
// backing.

namespace composer::vm {

enum class ImageFormat { raw, vhd_fixed, vhd_dynamic, vhdx, qcow2 };

/// `raw`, `fixed VHD`, …
std::string_view to_text(ImageFormat format);

struct RecognisedImage {
  ImageFormat format = ImageFormat::raw;
  /// Of the disk in it. Known for raw, VHD and qcow2; zero for VHDX, where QEMU reads it.
  Bytes virtual_size;

  friend bool operator==(const RecognisedImage&, const RecognisedImage&) = default;
};

/// How much of an image's beginning and end `recognise` looks at.
constexpr Bytes kImageHead{512}, kImageTail{512};

/// What an image is.
///
/// @param head, tail  Its first and last 512 bytes, less when the file is smaller.
/// @param name        As in messages; an extension that contradicts the content is refused.
/// @throws Error  when it is empty, contradicts itself or its name, or needs a second file (qcow2
///                with a backing or data file, differencing VHD).
RecognisedImage recognise(std::string_view head, std::string_view tail, Bytes file_size,
                          const std::filesystem::path& name);

/// The same for a file open for reading. @throws Error  also when it cannot be read.
RecognisedImage recognise_file(int fd, const std::filesystem::path& name);

}  // namespace composer::vm
