#include "composer/tree/unified_kernel.h"

#include "composer/tree/pe_image.h"

#include "efi_program_sample.h"
#include "sample.h"

using namespace composer;
using Catch::Matchers::Equals;

namespace {

constexpr const char* kSbat =
    "sbat,1,SBAT Version,sbat,1,https://github.com/rhboot/shim/blob/main/SBAT.md\n";

std::string image_of(const std::string& stub, const std::string& kernel,
                     Architecture arch = Architecture::x86_64) {
  return tree::unified_kernel_image({.stub = stub,
                                     .kernel = kernel,
                                     .initramfs = "initramfs",
                                     .command_line = "root=UUID=1 quiet",
                                     .version = "6.12.9-1.azl4",
                                     .os_release = "ID=azurelinux\n",
                                     .sbat = "uki.azurelinux,1,Azure Linux\n"},
                                    arch);
}

std::string refusal(const std::string& stub, const std::string& kernel,
                    Architecture arch = Architecture::x86_64) {
  return test::message_of([&] { image_of(stub, kernel, arch); });
}

/// The stub with other sections, in the order of their addresses.
std::string stub_with(std::vector<test::ProgramSection> more) {
  std::vector<test::ProgramSection> sections = test::stub_sections();
  for (auto& one : more) sections.push_back(std::move(one));
  return test::efi_program(sections);
}

std::string changed(std::string bytes, std::size_t at, char byte) {
  bytes[at] = byte;
  return bytes;
}

}  // namespace

TEST_CASE("a unified kernel image is the stub and the sections behind it, byte for byte") {
  const std::string kernel = test::efi_kernel(std::string(5000, 'k'));
  const std::string sbat =
      std::string(kSbat) + "systemd-stub,1,systemd\nuki.azurelinux,1,Azure Linux\n" + '\0';
  std::vector<test::ProgramSection> sections = test::stub_sections();
  sections[1].content = sbat;
  sections.push_back({".osrel", 0x4000, "ID=azurelinux\n"});
  sections.push_back({".cmdline", 0x5000, "root=UUID=1 quiet"});
  sections.push_back({".uname", 0x6000, "6.12.9-1.azl4"});
  sections.push_back({".linux", 0x7000, kernel, 0x40000020});
  // The kernel's file is 0x400 of headers and 5000 bytes in steps of 0x200: 0x1800.
  sections.push_back({".initrd", 0x9000, "initramfs"});
  const std::string expected =
      test::efi_program(sections, {.initialised_size = 14 + 17 + 13 + 0x1800 + 9});
  REQUIRE(kernel.size() == 0x1800);
  CHECK(image_of(test::systemd_stub(), kernel) == expected);
}

TEST_CASE("what is made can be read again") {
  const std::string kernel = test::efi_kernel("kernel");
  const std::string image = image_of(test::systemd_stub(), kernel);
  const tree::UnifiedKernel found = tree::read_unified_kernel(image, "image", Architecture::x86_64);
  CHECK(found.command_line == "root=UUID=1 quiet");
  CHECK(found.version == "6.12.9-1.azl4");
  CHECK(tree::read_pe_image(image, "image").section(".linux")->content == kernel);
}

TEST_CASE("a stub whose headers are full to the last byte gets larger ones") {
  // Three sections end at 0x148 + 3 * 40 = 0x1c0; eight need 0x288, and so a second block.
  const std::string image =
      image_of(test::systemd_stub({.headers_size = 0x200}), test::efi_kernel("kernel"));
  const tree::PeImage read = tree::read_pe_image(image, "image");
  CHECK(read.sections.size() == 8);
  CHECK(image.substr(0x400, 16) == "code of the stub");
}

TEST_CASE("an image is only as strict about its memory as its kernel") {
  const auto flags = [](const std::string& image) {
    return tree::read_pe_image(image, "image").dll_characteristics;
  };
  CHECK(flags(image_of(test::systemd_stub(), test::efi_kernel("k"))) == 0x0160);
  CHECK(flags(image_of(test::systemd_stub(), test::efi_kernel("k", {.dll_characteristics = 0}))) ==
        0x0060);
}

TEST_CASE("the SBAT table has its first line once and each other line once") {
  const std::string kernel =
      test::efi_program({{".sbat", 0x1000, std::string("sbat,1,x\nlinux,1,Linux\n\0\0", 24)}});
  const std::string image = image_of(test::systemd_stub(), kernel);
  CHECK_THAT(
      std::string(tree::read_pe_image(image, "image").section(".sbat")->content),
      Equals(std::string(kSbat) +
             "systemd-stub,1,systemd\nlinux,1,Linux\nuki.azurelinux,1,Azure Linux\n" + '\0'));
  CHECK(tree::merged_sbat({"sbat,1\na\nb\n", "no table\nc\n", "", "sbat,1\nb\nd"}) ==
        std::string(kSbat) + "a\nb\nd\n");
}

TEST_CASE("a stub without an SBAT table gets one as its last section") {
  std::vector<test::ProgramSection> sections = test::stub_sections();
  sections.erase(sections.begin() + 1);
  const std::string image = image_of(test::efi_program(sections), test::efi_kernel("kernel"));
  const tree::PeImage read = tree::read_pe_image(image, "image");
  CHECK(read.sections.back().name == ".sbat");
  CHECK(read.sections.back().address == 0x9000);
}

TEST_CASE("what is no stub or no kernel is refused, saying why") {
  const std::string kernel = test::efi_kernel("kernel");
  const std::string stub = test::systemd_stub();
  CHECK_THAT(refusal("ELF", kernel),
             Equals("error: 'the stub of systemd' is not an EFI program: it does not begin with "
                    "'MZ'\n"));
  CHECK_THAT(refusal(stub.substr(0, 0x80), kernel),
             Equals("error: 'the stub of systemd' is not an EFI program: it is cut off\n"));
  CHECK_THAT(refusal(changed(stub, 0x40, 'X'), kernel),
             Equals("error: 'the stub of systemd' is not an EFI program: it has no PE header\n"));
  CHECK_THAT(refusal(changed(stub, 0x59, 1), kernel),
             Equals("error: 'the stub of systemd' is not an EFI program: it is not PE32+\n"));
  CHECK_THAT(refusal(changed(stub, 0x58 + 108, 17), kernel),
             Equals("error: 'the stub of systemd' is not an EFI program: its optional header is "
                    "too short\n"));
  CHECK_THAT(refusal(changed(stub, 0x58 + 36, 3), kernel),
             Equals("error: 'the stub of systemd' is not an EFI program: an alignment of 515 "
                    "bytes\n"));
  CHECK_THAT(refusal(changed(stub, 0x148 + 23, 1), kernel),
             Equals("error: 'the stub of systemd' is not an EFI program: section 1 ends past the "
                    "end of the file\n"));
  CHECK_THAT(refusal(changed(stub, 0x148 + 40 + 13, 0x10), kernel),
             Equals("error: 'the stub of systemd' is not an EFI program: section 2 has no place "
                    "of its own in memory\n"));
  CHECK_THAT(refusal(changed(stub, 0x58 + 62, 1), kernel),
             Equals("error: 'the stub of systemd' is not an EFI program: its headers end past the "
                    "end of the file\n"));
  CHECK_THAT(refusal(changed(stub, 0x47, 1), kernel),
             Equals("error: 'the stub of systemd' is not an EFI program: it has 259 sections\n"));
  CHECK_THAT(refusal(test::systemd_stub({.certificates_size = 8}), kernel),
             Equals("error: 'the stub of systemd' is signed, and would not be with other "
                    "sections\n"));
  CHECK_THAT(refusal(test::efi_kernel("x"), kernel),
             Equals("error: 'the stub of systemd' does not say that it is one\n"));
  CHECK_THAT(refusal(stub_with({{".linux", 0x4000, "x"}}), kernel),
             Equals("error: 'the stub of systemd' has a section '.linux' already\n"));
  CHECK_THAT(refusal(stub, "kernel"),
             Equals("error: 'the kernel 6.12.9-1.azl4' is not an EFI program: it does not begin "
                    "with 'MZ'\n"));
  CHECK_THAT(refusal(stub, kernel, Architecture::aarch64),
             Equals("error: 'the stub of systemd' is a program for machine 0x8664, not for "
                    "aarch64\n"));
  CHECK_THAT(refusal(stub, test::efi_kernel("k", {.machine = 0xaa64})),
             Equals("error: 'the kernel 6.12.9-1.azl4' is a program for machine 0xaa64, not for "
                    "x86_64\n"));
}

TEST_CASE("a stub without room for what is added is refused") {
  std::vector<test::ProgramSection> sections = test::stub_sections();
  sections[2].address = 0x2040;
  CHECK_THAT(
      refusal(test::efi_program(sections), test::efi_kernel("kernel")),
      Equals("error: 'the stub of systemd' has no room for a section '.sbat' of 129 bytes\n"));
  std::vector<test::ProgramSection> many = test::stub_sections();
  for (std::uint32_t i = 0; i < 90; i++) many.push_back({"x", 0x4000 + i * 0x1000, "x"});
  CHECK_THAT(refusal(test::efi_program(many, {.headers_size = 0x1000}), test::efi_kernel("k")),
             Equals("error: 'the stub of systemd' has no room for the headers of 98 sections\n"));
}

TEST_CASE("an image without one of its parts is refused") {
  const std::string stub = test::systemd_stub(), kernel = test::efi_kernel("kernel");
  CHECK_THAT(test::message_of([&] {
               tree::unified_kernel_image({.stub = stub,
                                           .kernel = kernel,
                                           .initramfs = "",
                                           .command_line = "quiet",
                                           .version = "6",
                                           .os_release = "ID=x\n",
                                           .sbat = ""},
                                          Architecture::x86_64);
             }),
             Equals("error: a unified kernel image needs a section '.initrd', and there is nothing "
                    "to put into it\n"));
}

TEST_CASE("only a unified kernel image is read as one") {
  const auto read = [](const std::string& bytes) {
    return test::message_of(
        [&] { tree::read_unified_kernel(bytes, "vmlinuz-virt.efi", Architecture::x86_64); });
  };
  CHECK_THAT(read(test::efi_kernel("kernel")),
             Equals("error: 'vmlinuz-virt.efi' is not a unified kernel image: it has no section "
                    "'.osrel'\n"));
  CHECK(read(test::efi_program({{".osrel", 0x1000, "x"}, {".linux", 0x2000, "x"}})) == "no error");
  CHECK_THAT(read(test::efi_program({{".osrel", 0x1000, "x"}, {".linux", 0x2000, "x"}},
                                    {.machine = 0xaa64})),
             Equals("error: 'vmlinuz-virt.efi' is a program for machine 0xaa64, not for x86_64\n"));
}

TEST_CASE("a stub that is cut or has a wrong byte gives a whole image or is refused") {
  const std::string stub = test::systemd_stub(), kernel = test::efi_kernel("kernel");
  const auto attempt = [&](const std::string& damaged) {
    try {
      const std::string image = image_of(damaged, kernel);
      const tree::PeImage read = tree::read_pe_image(image, "image");
      REQUIRE(read.section(".linux"));
      CHECK(read.section(".linux")->content == kernel);
    } catch (const Error&) {
    }
  };
  for (std::size_t n = 0; n < stub.size(); n += n < 0x400 ? 1 : 64) attempt(stub.substr(0, n));
  for (std::size_t i = 0; i < 0x200; i++) {
    for (const char byte : {'\0', '\x7f', '\xff'}) attempt(changed(stub, i, byte));
  }
}
