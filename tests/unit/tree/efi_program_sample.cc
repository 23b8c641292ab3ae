#include "efi_program_sample.h"

namespace composer::test {
namespace {

void put(std::string& bytes, std::size_t at, std::uint64_t value, std::size_t width) {
  for (std::size_t i = 0; i < width; i++) bytes[at + i] = static_cast<char>(value >> (8 * i));
}

std::size_t aligned(std::size_t value, std::size_t grain) {
  return (value + grain - 1) / grain * grain;
}

}  // namespace

std::string efi_program(const std::vector<ProgramSection>& sections, const ProgramFacts& facts) {
  constexpr std::size_t kHeader = 0x40, kOptional = kHeader + 24, kTable = kOptional + 240;
  std::string bytes(facts.headers_size, '\0');
  bytes.replace(0, 2, "MZ");
  put(bytes, 0x3c, kHeader, 4);
  bytes.replace(kHeader, 2, "PE");
  put(bytes, kHeader + 4, facts.machine, 2);
  put(bytes, kHeader + 6, sections.size(), 2);
  put(bytes, kHeader + 20, 240, 2);
  put(bytes, kHeader + 22, 0x22e, 2);
  put(bytes, kOptional, 0x20b, 2);
  put(bytes, kOptional + 8, facts.initialised_size, 4);
  put(bytes, kOptional + 32, 0x1000, 4);
  put(bytes, kOptional + 36, 0x200, 4);
  put(bytes, kOptional + 60, facts.headers_size, 4);
  put(bytes, kOptional + 68, 10, 2);  // EFI application
  put(bytes, kOptional + 70, facts.dll_characteristics, 2);
  put(bytes, kOptional + 108, 16, 4);
  put(bytes, kOptional + 112 + 8 * 4 + 4, facts.certificates_size, 4);
  std::size_t end = 0x1000;
  for (std::size_t i = 0; i < sections.size(); i++) {
    const ProgramSection& section = sections[i];
    const std::size_t at = kTable + 40 * i;
    bytes.replace(at, section.name.size(), section.name);
    put(bytes, at + 8, section.content.size(), 4);
    put(bytes, at + 12, section.address, 4);
    put(bytes, at + 16, aligned(section.content.size(), 0x200), 4);
    put(bytes, at + 20, bytes.size(), 4);
    put(bytes, at + 36, section.characteristics, 4);
    bytes += section.content;
    bytes.resize(aligned(bytes.size(), 0x200), '\0');
    end = aligned(section.address + section.content.size(), 0x1000);
  }
  put(bytes, kOptional + 56, end, 4);
  return bytes;
}

std::vector<ProgramSection> stub_sections() {
  return {{".text", 0x1000, "code of the stub", 0x60000020},
          {".sbat", 0x2000, "sbat,1,SBAT Version\nsystemd-stub,1,systemd\n"},
          {".sdmagic", 0x3000, "#### LoaderInfo: systemd-stub 257.13 ####"}};
}

std::string systemd_stub(const ProgramFacts& facts) {
  return efi_program(stub_sections(), facts);
}

std::string efi_kernel(const std::string& text, const ProgramFacts& facts) {
  return efi_program({{".text", 0x1000, text, 0x60000020}}, facts);
}

}  // namespace composer::test
