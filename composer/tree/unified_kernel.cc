#include "composer/tree/unified_kernel.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "composer/error.h"
#include "composer/tree/pe_image.h"
#include "composer/tree/root_files.h"

namespace composer::tree {
namespace {

constexpr std::string_view kSbatHeader =
    "sbat,1,SBAT Version,sbat,1,https://github.com/rhboot/shim/blob/main/SBAT.md";
constexpr std::string_view kStub = "the stub of systemd";
/// What systemd's stub says of itself in .sdmagic. Source: systemd 257, src/boot/stub.c.
constexpr std::string_view kStubMagic = "#### LoaderInfo: systemd-stub ";
constexpr std::size_t kLongestSbat = 64 << 10;

std::string_view without_end(std::string_view text) {
  text = text.substr(0, text.find('\0'));
  while (text.ends_with('\n')) text.remove_suffix(1);
  return text;
}

std::string_view machine_name(Architecture arch) {
  return arch == Architecture::aarch64 ? "aarch64" : "x86_64";
}

void require_machine(const PeImage& image, std::string_view name, Architecture arch) {
  if (image.machine == pe_machine(arch)) return;
  throw Error(ErrorKind::build, fmt::format("'{}' is a program for machine 0x{:04x}, not for {}",
                                            name, image.machine, machine_name(arch)));
}

PeImage read_stub(const UnifiedKernelParts& parts, Architecture arch) {
  PeImage stub = read_pe_image(parts.stub, kStub);
  require_machine(stub, kStub, arch);
  const PeSection* magic = stub.section(".sdmagic");
  if (magic == nullptr || !magic->content.starts_with(kStubMagic)) {
    throw Error(ErrorKind::build, fmt::format("'{}' does not say that it is one", kStub));
  }
  for (const std::string_view name : {".osrel", ".cmdline", ".uname", ".linux", ".initrd"}) {
    if (stub.section(name) != nullptr) {
      throw Error(ErrorKind::build, fmt::format("'{}' has a section '{}' already", kStub, name));
    }
  }
  return stub;
}

}  // namespace

std::string merged_sbat(const std::vector<std::string_view>& tables) {
  std::vector<std::string_view> lines{kSbatHeader};
  for (std::string_view table : tables) {
    table = without_end(table.substr(0, kLongestSbat));
    if (!table.starts_with("sbat,")) continue;
    std::vector<std::string_view> own = lines_of(table);
    for (auto line = own.begin() + 1; line < own.end(); ++line) {
      if (std::find(lines.begin(), lines.end(), *line) == lines.end()) lines.push_back(*line);
    }
  }
  std::string text;
  for (const std::string_view line : lines) text += std::string(line) + "\n";
  return text;
}

void require_efi_program(std::string_view bytes, std::string_view name, Architecture arch) {
  require_machine(read_pe_image(bytes, name), name, arch);
}

std::string unified_kernel_image(const UnifiedKernelParts& parts, Architecture arch) {
  const PeImage stub = read_stub(parts, arch);
  const std::string kernel_name = fmt::format("the kernel {}", parts.version);
  const PeImage kernel = read_pe_image(parts.kernel, kernel_name);
  require_machine(kernel, kernel_name, arch);

  std::vector<std::string_view> tables;
  for (const PeImage* image : {&stub, &kernel}) {
    if (const PeSection* section = image->section(".sbat")) tables.push_back(section->content);
  }
  const std::string own = fmt::format("{}\n{}", kSbatHeader, parts.sbat);
  tables.push_back(own);
  // shim reads the table as a string that a NUL ends.
  const std::string sbat = merged_sbat(tables) + '\0';

  // The order is ukify's; the stub finds them by name.
  const std::vector<PeSection> sections{
      {".osrel", 0, 0, kSectionOfData, parts.os_release},
      {".cmdline", 0, 0, kSectionOfData, parts.command_line},
      {".uname", 0, 0, kSectionOfData, parts.version},
      {".linux", 0, 0, kSectionOfCode, parts.kernel},
      {".initrd", 0, 0, kSectionOfData, parts.initramfs},
      {".sbat", 0, 0, kSectionOfData, sbat},
  };
  for (const PeSection& section : sections) {
    if (section.content.empty()) {
      throw Error(ErrorKind::build,
                  fmt::format("a unified kernel image needs a section '{}', and there is nothing "
                              "to put into it",
                              section.name));
    }
  }
  // A kernel that does not keep writable and executable memory apart must not be started by a
  // program that says it does. Source: systemd 257, src/ukify/ukify.py.
  std::uint16_t flags = stub.dll_characteristics;
  if ((kernel.dll_characteristics & kNxCompatible) == 0) {
    flags = static_cast<std::uint16_t>(flags & ~kNxCompatible);
  }
  return with_sections(parts.stub, kStub, sections, flags);
}

UnifiedKernel read_unified_kernel(std::string_view image, std::string_view name,
                                  Architecture arch) {
  const PeImage read = read_pe_image(image, name);
  require_machine(read, name, arch);
  for (const std::string_view section : {".osrel", ".linux"}) {
    // The two by which loaders know one. Source: UAPI group, "Unified Kernel Image".
    if (read.section(section) != nullptr) continue;
    throw Error(
        ErrorKind::build,
        fmt::format("'{}' is not a unified kernel image: it has no section '{}'", name, section));
  }
  UnifiedKernel found;
  if (const PeSection* section = read.section(".cmdline")) {
    found.command_line = without_end(section->content);
  }
  if (const PeSection* section = read.section(".uname")) {
    found.version = without_end(section->content);
  }
  return found;
}

}  // namespace composer::tree
