#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "composer/blueprint.h"

// Programs for UEFI: images in the PE32+ format, of which the linker of systemd and the kernel's
// own header use a small part. docs/formats/uki.md shows the layout. Source: Microsoft's PE format
// specification; UEFI 2.10, 2.1.1 "UEFI images".

namespace composer::tree {

struct PeSection {
  std::string name;                   ///< At most eight bytes.
  std::uint32_t address = 0;          ///< In memory, from the image's base.
  std::uint32_t size = 0;             ///< In memory ("virtual size").
  std::uint32_t characteristics = 0;  ///< IMAGE_SCN_… flags.
  std::string_view content;           ///< Of the file: at most `size` bytes, the rest is zero.
};

/// What a reader and a writer need to know of an image. Views lead into the bytes it was read from.
struct PeImage {
  std::uint16_t machine = 0;
  std::uint16_t characteristics = 0;
  std::uint16_t dll_characteristics = 0;
  std::uint32_t section_alignment = 0, file_alignment = 0;
  std::size_t header = 0;           ///< Offset of the signature `PE\0\0`.
  std::size_t optional_header = 0;  ///< Offset.
  std::size_t section_table = 0;    ///< Offset.
  bool is_signed = false;           ///< The certificate table is not empty.
  std::vector<PeSection> sections;  ///< In the order of the table.

  /// The section of this name, or null.
  const PeSection* section(std::string_view name) const;
};

/// Reads the headers of a PE32+ image; every offset in the file is checked, addresses are not.
/// @param name  Of the file, for messages.
/// @throws Error  of kind build: `'NAME' is not an EFI program: …`.
PeImage read_pe_image(std::string_view bytes, std::string_view name);

/// The value of the header's machine field. Source: PE format, "Machine Types".
std::uint16_t pe_machine(Architecture arch);

/// The image's flag that it never runs what it may write (IMAGE_DLLCHARACTERISTICS_NX_COMPAT).
inline constexpr std::uint16_t kNxCompatible = 0x0100;

// IMAGE_SCN_… flags.
inline constexpr std::uint32_t kSectionOfCode = 0x40000020;  ///< Code, readable.
inline constexpr std::uint32_t kSectionOfData = 0x40000040;  ///< Initialised data, readable.

/// `stub` with other sections, as a new file: headers, the sections in the order of their
/// addresses, each padded to the file alignment; nothing else of the old file.
///
/// A section of `sections` that the stub has too takes its place, and may grow up to the next one's
/// address; every other is added behind the last, in this order, with `characteristics` as given.
///
/// @param dll_characteristics  The image's new ones.
/// @throws Error  of kind build when the stub is signed, its sections overlap, it has no room for
/// the
///                headers of the added ones, or a replaced one would reach into the next.
std::string with_sections(std::string_view stub, std::string_view name,
                          const std::vector<PeSection>& sections,
                          std::uint16_t dll_characteristics);

}  // namespace composer::tree
