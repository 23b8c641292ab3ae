#pragma once

#include <cstdint>
#include <string>
#include <vector>

// Programs for UEFI made of nothing but headers and sections, by hand: what the composer's own
// reader and writer are compared with.

namespace composer::test {

struct ProgramSection {
  std::string name;
  std::uint32_t address = 0;
  std::string content;
  std::uint32_t characteristics = 0x40000040;
};

struct ProgramFacts {
  std::uint16_t machine = 0x8664;
  std::uint16_t dll_characteristics = 0x0160;  ///< As of systemd 257's stub: NX compatible.
  std::uint32_t initialised_size = 0;
  std::uint32_t headers_size = 0x400;
  std::uint32_t certificates_size = 0;
};

/// A PE32+ image with sections every 4 KiB in memory and every 512 bytes in the file; the section
/// table begins at 0x148.
std::string efi_program(const std::vector<ProgramSection>& sections,
                        const ProgramFacts& facts = {});

/// systemd's stub, with .text at 0x1000, .sbat at 0x2000 and .sdmagic at 0x3000.
std::vector<ProgramSection> stub_sections();
std::string systemd_stub(const ProgramFacts& facts = {});
/// A kernel with one section .text; `text` tells one from another.
std::string efi_kernel(const std::string& text, const ProgramFacts& facts = {});

}  // namespace composer::test
