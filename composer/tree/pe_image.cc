#include "composer/tree/pe_image.h"

#include <algorithm>
#include <bit>
#include <fmt/format.h>

#include "composer/error.h"

namespace composer::tree {
namespace {

// Offsets from the signature; the optional header's from its own start. Source: PE format.
constexpr std::size_t kHeaderPointer = 0x3c;  ///< In the DOS header.
constexpr std::size_t kFileHeaderSize = 24;   ///< With the signature.
constexpr std::size_t kMachine = 4;
constexpr std::size_t kSectionCount = 6;
constexpr std::size_t kSymbolTable = 12, kSymbolCount = 16;
constexpr std::size_t kOptionalSize = 20;
constexpr std::size_t kCharacteristics = 22;

constexpr std::size_t kMagic = 0;
constexpr std::size_t kInitialisedSize = 8;
constexpr std::size_t kSectionAlignment = 32, kFileAlignment = 36;
constexpr std::size_t kImageSize = 56, kHeadersSize = 60, kCheckSum = 64;
constexpr std::size_t kDllCharacteristics = 70;
constexpr std::size_t kDirectoryCount = 108, kDirectories = 112;
constexpr std::size_t kCertificates = 4, kDebug = 6;  ///< Of the directories, eight bytes each.

constexpr std::size_t kSectionHeader = 40;
constexpr std::uint16_t kPe32Plus = 0x20b;
constexpr std::uint16_t kSymbolsStripped = 0x0008;  ///< IMAGE_FILE_LOCAL_SYMS_STRIPPED
constexpr std::size_t kMostSections = 96;           ///< What Windows' loader takes.
constexpr std::uint32_t kMostAlignment = 1 << 16;
/// An image with the largest initramfs; addresses and sizes below it never overflow 32 bits.
constexpr std::uint64_t kMostMemory = std::uint64_t{1} << 30;

[[noreturn]] void refuse(std::string_view name, std::string_view why) {
  throw Error(ErrorKind::build, fmt::format("'{}' is not an EFI program: {}", name, why));
}

std::uint64_t aligned(std::uint64_t value, std::uint64_t grain) {
  return (value + grain - 1) / grain * grain;
}

/// Little-endian numbers of a file that may be anything.
class Reader {
 public:
  Reader(std::string_view bytes, std::string_view name) : bytes_(bytes), name_(name) {}

  std::uint32_t number(std::size_t at, std::size_t width) const {
    if (at > bytes_.size() || width > bytes_.size() - at) refuse(name_, "it is cut off");
    std::uint32_t value = 0;
    for (std::size_t i = width; i-- > 0;) {
      value = value << 8 | static_cast<unsigned char>(bytes_[at + i]);
    }
    return value;
  }
  std::uint16_t u16(std::size_t at) const { return static_cast<std::uint16_t>(number(at, 2)); }
  std::uint32_t u32(std::size_t at) const { return number(at, 4); }

 private:
  std::string_view bytes_, name_;
};

void put(std::string& bytes, std::size_t at, std::uint64_t value, std::size_t width) {
  for (std::size_t i = 0; i < width; ++i) bytes[at + i] = static_cast<char>(value >> (8 * i));
}

void read_alignments(const Reader& read, std::string_view name, PeImage& image) {
  image.section_alignment = read.u32(image.optional_header + kSectionAlignment);
  image.file_alignment = read.u32(image.optional_header + kFileAlignment);
  for (const std::uint32_t value : {image.section_alignment, image.file_alignment}) {
    if (!std::has_single_bit(value) || value > kMostAlignment) {
      refuse(name, fmt::format("an alignment of {} bytes", value));
    }
  }
}

void read_sections(std::string_view bytes, std::string_view name, std::size_t count,
                   PeImage& image) {
  const Reader read(bytes, name);
  if (count > kMostSections) refuse(name, fmt::format("it has {} sections", count));
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t at = image.section_table + kSectionHeader * i;
    read.u32(at + kSectionHeader - 4);
    PeSection section;
    const std::string_view padded = bytes.substr(at, 8);
    section.name = padded.substr(0, padded.find('\0'));
    section.size = read.u32(at + 8);
    section.address = read.u32(at + 12);
    section.characteristics = read.u32(at + 36);
    const std::uint64_t stored = read.u32(at + 16), offset = read.u32(at + 20);
    if (stored != 0 && (offset > bytes.size() || stored > bytes.size() - offset)) {
      refuse(name, fmt::format("section {} ends past the end of the file", i + 1));
    }
    if (stored != 0) {
      section.content = bytes.substr(offset, std::min<std::uint64_t>(stored, section.size));
    }
    image.sections.push_back(std::move(section));
  }
}

/// Each section has its place in memory, by address, as the specification wants it. Old kernels do
/// not keep to that, so it is only asked of what is changed.
void check_addresses(const PeImage& image, std::uint64_t headers, std::string_view name) {
  std::uint64_t free = headers;
  for (std::size_t i = 0; i < image.sections.size(); ++i) {
    const PeSection& section = image.sections[i];
    if (section.address < free || section.size > kMostMemory ||
        section.address > kMostMemory - section.size) {
      refuse(name, fmt::format("section {} has no place of its own in memory", i + 1));
    }
    free = std::uint64_t{section.address} + section.size;
  }
}

/// The stub's sections and the new ones, each at its address.
std::vector<PeSection> placed(const PeImage& image, std::string_view name,
                              const std::vector<PeSection>& wanted) {
  std::vector<PeSection> sections = image.sections;
  const std::size_t own = sections.size();
  for (const PeSection& section : wanted) {
    if (section.content.size() > kMostMemory) {
      throw Error(ErrorKind::build,
                  fmt::format("section '{}' is too large for an EFI program: {}", section.name,
                              to_text(Bytes{section.content.size()})));
    }
    const auto size = static_cast<std::uint32_t>(section.content.size());
    const auto old =
        std::find_if(sections.begin(), sections.begin() + static_cast<std::ptrdiff_t>(own),
                     [&](const PeSection& one) { return one.name == section.name; });
    if (old != sections.begin() + static_cast<std::ptrdiff_t>(own)) {
      const auto next = old + 1;
      if (next != sections.end() && next->address - old->address < size) {
        throw Error(ErrorKind::build, fmt::format("'{}' has no room for a section '{}' of {} bytes",
                                                  name, section.name, size));
      }
      old->content = section.content;
      old->size = size;
      continue;
    }
    std::uint64_t end = image.section_alignment;
    if (!sections.empty()) end = std::uint64_t{sections.back().address} + sections.back().size;
    const std::uint64_t address = aligned(end, image.section_alignment);
    if (address + size > kMostMemory) {
      throw Error(ErrorKind::build,
                  fmt::format("section '{}' does not fit into an EFI program of {}", section.name,
                              to_text(Bytes{kMostMemory})));
    }
    sections.push_back({section.name, static_cast<std::uint32_t>(address), size,
                        section.characteristics, section.content});
  }
  return sections;
}

/// The stub's headers up to the section table, with what the new sections change in them.
std::string new_headers(std::string_view stub, const PeImage& image,
                        const std::vector<PeSection>& sections, std::uint64_t headers_size,
                        std::uint16_t dll_characteristics) {
  const std::size_t optional = image.optional_header;
  const Reader read(stub, "");
  std::string bytes(stub.substr(0, image.section_table));
  bytes.resize(headers_size, '\0');
  put(bytes, image.header + kSectionCount, sections.size(), 2);
  // The symbols of old stubs, which no image should have, are not copied.
  put(bytes, image.header + kSymbolTable, 0, 4);
  put(bytes, image.header + kSymbolCount, 0, 4);
  put(bytes, image.header + kCharacteristics, image.characteristics | kSymbolsStripped, 2);
  std::uint64_t initialised = read.u32(optional + kInitialisedSize);
  for (std::size_t i = image.sections.size(); i < sections.size(); ++i) {
    initialised += sections[i].size;
  }
  put(bytes, optional + kInitialisedSize, initialised, 4);
  const PeSection& last = sections.back();
  put(bytes, optional + kImageSize,
      aligned(std::uint64_t{last.address} + last.size, image.section_alignment), 4);
  put(bytes, optional + kHeadersSize, headers_size, 4);
  put(bytes, optional + kCheckSum, 0, 4);  // UEFI looks at signatures, never at this.
  put(bytes, optional + kDllCharacteristics, dll_characteristics, 2);
  // Debug entries hold offsets in the file, which are others now.
  if (read.u32(optional + kDirectoryCount) > kDebug) {
    put(bytes, optional + kDirectories + 8 * kDebug, 0, 8);
  }
  return bytes;
}

}  // namespace

const PeSection* PeImage::section(std::string_view name) const {
  const auto found = std::find_if(sections.begin(), sections.end(),
                                  [&](const PeSection& one) { return one.name == name; });
  return found == sections.end() ? nullptr : &*found;
}

std::uint16_t pe_machine(Architecture arch) {
  return arch == Architecture::aarch64 ? 0xaa64 : 0x8664;
}

PeImage read_pe_image(std::string_view bytes, std::string_view name) {
  const Reader read(bytes, name);
  if (!bytes.starts_with("MZ")) refuse(name, "it does not begin with 'MZ'");
  PeImage image;
  image.header = read.u32(kHeaderPointer);
  read.number(image.header + kFileHeaderSize - 2, 2);
  if (bytes.substr(image.header, 4) != std::string_view("PE\0\0", 4)) {
    refuse(name, "it has no PE header");
  }
  image.machine = read.u16(image.header + kMachine);
  image.characteristics = read.u16(image.header + kCharacteristics);
  image.optional_header = image.header + kFileHeaderSize;
  const std::size_t optional_size = read.u16(image.header + kOptionalSize);
  image.section_table = image.optional_header + optional_size;
  if (read.u16(image.optional_header + kMagic) != kPe32Plus) refuse(name, "it is not PE32+");
  const std::size_t directories = read.u32(image.optional_header + kDirectoryCount);
  if (optional_size < kDirectories || directories > (optional_size - kDirectories) / 8) {
    refuse(name, "its optional header is too short");
  }
  image.dll_characteristics = read.u16(image.optional_header + kDllCharacteristics);
  if (directories > kCertificates) {
    image.is_signed = read.u32(image.optional_header + kDirectories + 8 * kCertificates + 4) != 0;
  }
  read_alignments(read, name, image);
  read_sections(bytes, name, read.u16(image.header + kSectionCount), image);
  return image;
}

std::string with_sections(std::string_view stub, std::string_view name,
                          const std::vector<PeSection>& wanted, std::uint16_t dll_characteristics) {
  const PeImage image = read_pe_image(stub, name);
  if (image.is_signed) {
    throw Error(ErrorKind::build,
                fmt::format("'{}' is signed, and would not be with other sections", name));
  }
  const Reader read(stub, name);
  const std::uint64_t old_headers = read.u32(image.optional_header + kHeadersSize);
  if (old_headers > stub.size()) refuse(name, "its headers end past the end of the file");
  check_addresses(image, old_headers, name);
  const std::vector<PeSection> sections = placed(image, name, wanted);
  const std::uint64_t headers_size = aligned(
      std::max(old_headers, image.section_table + std::uint64_t{kSectionHeader} * sections.size()),
      image.file_alignment);
  if (sections.empty() || sections.size() > kMostSections ||
      headers_size > sections.front().address) {
    throw Error(ErrorKind::build, fmt::format("'{}' has no room for the headers of {} sections",
                                              name, sections.size()));
  }
  std::string bytes = new_headers(stub, image, sections, headers_size, dll_characteristics);
  std::size_t total = bytes.size();
  for (const PeSection& section : sections) {
    total += aligned(section.content.size(), image.file_alignment);
  }
  bytes.reserve(total);
  for (std::size_t i = 0; i < sections.size(); ++i) {
    const PeSection& section = sections[i];
    const std::size_t at = image.section_table + kSectionHeader * i;
    bytes.replace(at, std::min<std::size_t>(section.name.size(), 8), section.name, 0, 8);
    put(bytes, at + 8, section.size, 4);
    put(bytes, at + 12, section.address, 4);
    put(bytes, at + 16, aligned(section.content.size(), image.file_alignment), 4);
    put(bytes, at + 20, section.content.empty() ? 0 : bytes.size(), 4);
    put(bytes, at + 36, section.characteristics, 4);
    bytes += section.content;
    bytes.resize(aligned(bytes.size(), image.file_alignment), '\0');
  }
  return bytes;
}

}  // namespace composer::tree
