#include "composer/boot/image_format.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstdint>
#include <fmt/format.h>
#include <initializer_list>
#include <optional>
#include <sys/stat.h>
#include <unistd.h>

#include "composer/error.h"

namespace composer::vm {
namespace {

// Virtual Hard Disk Image Format Specification 1.0, "Hard Disk Footer Format": offsets in the
// 512-byte footer, numbers big-endian.
constexpr std::string_view kVhdCookie = "conectix";
constexpr std::size_t kVhdCurrentSize = 48, kVhdDiskType = 60, kVhdChecksum = 64;
constexpr std::uint64_t kVhdFixed = 2, kVhdDynamic = 3, kVhdDifferencing = 4;

// docs/interop/qcow2.txt of QEMU: offsets in the header, numbers big-endian.
constexpr std::string_view kQcow2Magic = "QFI\xfb";
constexpr std::size_t kQcow2BackingFile = 8, kQcow2Size = 24, kQcow2Incompatible = 72;
constexpr std::uint64_t kQcow2ExternalData = 1u << 2;

// [MS-VHDX] 2.2.1, File Type Identifier.
constexpr std::string_view kVhdxSignature = "vhdxfile";

std::uint64_t big_endian(std::string_view bytes, std::size_t at, std::size_t count) {
  std::uint64_t value = 0;
  for (const char c : bytes.substr(at, count)) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

/// One's complement of the sum of all bytes but the checksum's own four.
bool checksum_is_right(std::string_view footer) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < footer.size(); ++i) {
    if (i < kVhdChecksum || i >= kVhdChecksum + 4) sum += static_cast<unsigned char>(footer[i]);
  }
  return ~sum == big_endian(footer, kVhdChecksum, 4);
}

[[noreturn]] void refuse(const std::filesystem::path& name, std::string_view why,
                         std::string hint = {}) {
  throw Error(ErrorKind::build, fmt::format("cannot boot '{}': {}", name.string(), why),
              std::move(hint));
}

RecognisedImage recognise_vhd(std::string_view footer, Bytes file_size,
                              const std::filesystem::path& name) {
  if (!checksum_is_right(footer)) refuse(name, "the checksum of its VHD footer is wrong");
  const Bytes size{big_endian(footer, kVhdCurrentSize, 8)};
  switch (big_endian(footer, kVhdDiskType, 4)) {
    case kVhdFixed:
      if (size + Bytes{512} != file_size) {
        refuse(name, fmt::format("its VHD footer says {} bytes of disk, but the file has {}",
                                 size.count, file_size.count - 512));
      }
      return {ImageFormat::vhd_fixed, size};
    case kVhdDynamic:
      return {ImageFormat::vhd_dynamic, size};
    case kVhdDifferencing:
      refuse(name, "it is a differencing VHD, which is nothing without its parent",
             "merge it with its parent first");
  }
  refuse(name, "its VHD footer has an unknown disk type");
}

RecognisedImage recognise_qcow2(std::string_view head, const std::filesystem::path& name) {
  const std::uint64_t version = head.size() < 104 ? 0 : big_endian(head, 4, 4);
  if (version != 2 && version != 3) refuse(name, "its qcow2 header has an unknown version");
  if (big_endian(head, kQcow2BackingFile, 8) != 0) {
    refuse(name, "it is a qcow2 overlay on a second file",
           "make it self-contained: qemu-img convert -O qcow2");
  }
  if (version == 3 && (big_endian(head, kQcow2Incompatible, 8) & kQcow2ExternalData) != 0) {
    refuse(name, "its data is in a second file");
  }
  return {ImageFormat::qcow2, Bytes{big_endian(head, kQcow2Size, 8)}};
}

/// Files that are no disk, whatever is in them: a tar archive is whole sectors too.
constexpr std::string_view kNoDisk[] = {".tar", ".cosi", ".wsl", ".cpio", ".gz", ".vmlinuz"};
constexpr std::string_view kZstdMagic = "\x28\xb5\x2f\xfd";

void check_name(ImageFormat format, const std::filesystem::path& name) {
  struct Extension {
    std::string_view text;
    std::initializer_list<ImageFormat> formats;
  };
  static const Extension kExtensions[] = {
      {".raw", {ImageFormat::raw}},
      {".img", {ImageFormat::raw}},
      {".vhd", {ImageFormat::vhd_fixed, ImageFormat::vhd_dynamic}},
      {".vhdx", {ImageFormat::vhdx}},
      {".qcow2", {ImageFormat::qcow2}},
  };
  std::string extension = name.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (std::find(std::begin(kNoDisk), std::end(kNoDisk), extension) != std::end(kNoDisk)) {
    refuse(name, fmt::format("a file called '{}' is no disk", extension));
  }
  for (const Extension& known : kExtensions) {
    if (extension != known.text) continue;
    if (std::find(known.formats.begin(), known.formats.end(), format) == known.formats.end()) {
      refuse(name,
             fmt::format("it is called '{}', but its content is {}", extension, to_text(format)),
             "give the file the extension of what it is");
    }
  }
}

std::string read_part(int fd, std::uint64_t offset, std::uint64_t count,
                      const std::filesystem::path& name) {
  std::string bytes(count, '\0');
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t n =
        ::pread(fd, bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw system_error(fmt::format("cannot read '{}'", name.string()), errno);
    if (n == 0) break;
    done += static_cast<std::size_t>(n);
  }
  bytes.resize(done);
  return bytes;
}

}  // namespace

std::string_view to_text(ImageFormat format) {
  switch (format) {
    case ImageFormat::raw:
      return "raw";
    case ImageFormat::vhd_fixed:
      return "fixed VHD";
    case ImageFormat::vhd_dynamic:
      return "dynamic VHD";
    case ImageFormat::vhdx:
      return "VHDX";
    case ImageFormat::qcow2:
      return "qcow2";
  }
  return "unknown";
}

RecognisedImage recognise(std::string_view head, std::string_view tail, Bytes file_size,
                          const std::filesystem::path& name) {
  if (file_size.count < 512) refuse(name, "it is smaller than one sector");
  const bool is_vhd = tail.size() == 512 && tail.starts_with(kVhdCookie);
  const bool is_qcow2 = head.starts_with(kQcow2Magic);
  const bool is_vhdx = head.starts_with(kVhdxSignature);
  if (is_vhd + is_qcow2 + is_vhdx > 1) {
    refuse(name, "it has the marks of more than one image format");
  }
  if (head.starts_with(kZstdMagic)) {
    refuse(name, "it is compressed", fmt::format("unpack it: zstd -d {}", name.string()));
  }
  RecognisedImage image{ImageFormat::raw, file_size};
  if (is_vhd) image = recognise_vhd(tail, file_size, name);
  if (is_qcow2) image = recognise_qcow2(head, name);
  if (is_vhdx) image = {ImageFormat::vhdx, {}};
  check_name(image.format, name);
  if (image.format == ImageFormat::raw && file_size.count % 512 != 0) {
    refuse(name, "a raw disk is a whole number of 512-byte sectors, and its size is not");
  }
  return image;
}

RecognisedImage recognise_file(int fd, const std::filesystem::path& name) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) {
    throw system_error(fmt::format("cannot read '{}'", name.string()), errno);
  }
  if (!S_ISREG(status.st_mode)) refuse(name, "it is not a regular file");
  const Bytes size{static_cast<std::uint64_t>(status.st_size)};
  const std::uint64_t tail = std::min(size.count, kImageTail.count);
  return recognise(read_part(fd, 0, std::min(size.count, kImageHead.count), name),
                   read_part(fd, size.count - tail, tail, name), size, name);
}

}  // namespace composer::vm
