#include "composer/lint/portable_executable.h"

namespace composer::lint {
namespace {

std::uint32_t little_endian(std::string_view bytes, std::size_t at, std::size_t size) {
  std::uint32_t value = 0;
  for (std::size_t i = size; i-- > 0;) {
    value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  }
  return value;
}

constexpr std::size_t kOffsetOfPeOffset = 0x3c;
constexpr std::size_t kCoffSize = 24;  // With "PE\0\0".
constexpr std::size_t kSectionSize = 40;
constexpr std::size_t kMostSections = 96;  // The Windows loader's limit.
constexpr std::uint16_t kPe32 = 0x10b, kPe32Plus = 0x20b;
// Offsets in the optional header.
constexpr std::size_t kDirectoryCount32 = 92, kDirectoryCount64 = 108;
constexpr std::size_t kCertificateDirectory = 4;

/// The certificate table's file range; the one directory that is no address but a file offset.
std::optional<std::string_view> certificates_of(std::string_view bytes, std::string_view optional) {
  if (optional.size() < 2) return std::string_view();
  const std::uint32_t magic = little_endian(optional, 0, 2);
  if (magic != kPe32 && magic != kPe32Plus) return std::nullopt;
  const std::size_t count_at = magic == kPe32 ? kDirectoryCount32 : kDirectoryCount64;
  const std::size_t entry = count_at + 4 + kCertificateDirectory * 8;
  if (optional.size() < entry + 8 ||
      little_endian(optional, count_at, 4) <= kCertificateDirectory) {
    return std::string_view();
  }
  const std::size_t offset = little_endian(optional, entry, 4);
  const std::size_t size = little_endian(optional, entry + 4, 4);
  if (size == 0) return std::string_view();
  if (offset > bytes.size() || size > bytes.size() - offset) return std::nullopt;
  return bytes.substr(offset, size);
}

}  // namespace

std::optional<std::string_view> PortableExecutable::section(std::string_view name) const {
  for (const PeSection& each : sections) {
    if (each.name == name) return each.content;
  }
  return std::nullopt;
}

std::optional<PortableExecutable> read_portable_executable(std::string_view bytes) {
  if (!bytes.starts_with("MZ") || bytes.size() < kOffsetOfPeOffset + 4) return std::nullopt;
  const std::size_t start = little_endian(bytes, kOffsetOfPeOffset, 4);
  if (start > bytes.size() || bytes.size() - start < kCoffSize ||
      bytes.substr(start, 4) != std::string_view("PE\0\0", 4)) {
    return std::nullopt;
  }
  PortableExecutable pe;
  pe.machine = static_cast<std::uint16_t>(little_endian(bytes, start + 4, 2));
  const std::size_t count = little_endian(bytes, start + 6, 2);
  const std::size_t optional_size = little_endian(bytes, start + 20, 2);
  const std::size_t table = start + kCoffSize + optional_size;
  if (count > kMostSections || table > bytes.size() ||
      bytes.size() - table < count * kSectionSize) {
    return std::nullopt;
  }
  const auto certificates = certificates_of(bytes, bytes.substr(start + kCoffSize, optional_size));
  if (!certificates) return std::nullopt;
  pe.certificates = *certificates;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t at = table + i * kSectionSize;
    std::string name(bytes.substr(at, 8));
    name.resize(std::min(name.find('\0'), name.size()));
    const std::size_t virtual_size = little_endian(bytes, at + 8, 4);
    std::size_t size = little_endian(bytes, at + 16, 4);
    const std::size_t offset = little_endian(bytes, at + 20, 4);
    if (size == 0) {
      pe.sections.push_back({std::move(name), {}});
      continue;
    }
    if (offset > bytes.size() || size > bytes.size() - offset) return std::nullopt;
    // On disk a section is padded to the file alignment.
    if (virtual_size != 0 && virtual_size < size) size = virtual_size;
    pe.sections.push_back({std::move(name), bytes.substr(offset, size)});
  }
  return pe;
}

}  // namespace composer::lint
