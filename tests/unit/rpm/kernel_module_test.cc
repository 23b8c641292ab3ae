#include "composer/rpm/kernel_module.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <elf.h>

using namespace composer;
using rpm::ModulePath;
using rpm::Part;

namespace {

struct Section {
  std::string name;
  std::string content;
  std::uint32_t type = SHT_PROGBITS;
  std::uint64_t flags = 0;
};

template <typename T>
void append(std::string& to, const T& value) {
  to.append(reinterpret_cast<const char*>(&value), sizeof value);
}

/// A relocatable file: header, contents one after the other, names, table of sections, `tail`.
std::string module_of(const std::vector<Section>& sections, const std::string& tail = "") {
  std::string contents, names(1, '\0');
  std::vector<Elf64_Shdr> table(1);
  const auto add = [&](const Section& section) {
    Elf64_Shdr header{};
    header.sh_name = static_cast<Elf64_Word>(names.size());
    header.sh_type = section.type;
    header.sh_flags = section.flags;
    header.sh_offset = sizeof(Elf64_Ehdr) + contents.size();
    header.sh_size = section.content.size();
    names += section.name + '\0';
    contents += section.content;
    table.push_back(header);
  };
  for (const Section& section : sections) add(section);
  add({".shstrtab", ""});
  table.back().sh_size = names.size();
  contents += names;

  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_type = ET_REL;
  header.e_shoff = sizeof header + contents.size();
  header.e_shentsize = sizeof(Elf64_Shdr);
  header.e_shnum = static_cast<Elf64_Half>(table.size());
  header.e_shstrndx = static_cast<Elf64_Half>(table.size() - 1);
  std::string file;
  append(file, header);
  file += contents;
  for (const Elf64_Shdr& entry : table) append(file, entry);
  return file + tail;
}

const std::vector<Section> kSections = {
    {".text", "code", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR},
    {".modinfo", "license=GPL", SHT_PROGBITS, SHF_ALLOC},
    {".rela.text", "relocations", SHT_RELA, 0},
    {".bss", "", SHT_NOBITS, SHF_ALLOC},
    {".debug_info", "for debuggers", SHT_PROGBITS, 0},
    {".symtab", "symbols", SHT_SYMTAB, 0},
};

}  // namespace

TEST_CASE("a module's path tells the kernel and the folder below it") {
  CHECK(rpm::module_path("./usr/lib/modules/6.12-1.azl4/kernel/fs/xfs/xfs.ko.xz") ==
        ModulePath{"6.12-1.azl4", "kernel", "fs/xfs/xfs.ko.xz"});
  CHECK(rpm::module_path("/lib/modules/6.6/extra/a.ko") == ModulePath{"6.6", "extra", "a.ko"});
  for (const char* other :
       {"/usr/lib/modules/6.6/kernel/a.ko.sig", "/usr/lib/modules/6.6/a.ko",
        "/usr/lib/modules/6.6/kernel/../../../a.ko", "/usr/lib/modules/6.6/kernel//a.ko",
        "/usr/lib/modules/../kernel/a.ko", "/usr/lib/modules/6.6/kernel/./a.ko",
        "/usr/lib/debug/lib/modules/6.6/kernel/a.ko", "usr/lib/modules/6.6/kernel/a.ko", "",
        "./"}) {
    CHECK_FALSE(rpm::module_path(other));
  }
  CHECK_FALSE(rpm::module_path(std::string_view("/lib/modules/6/x/a\0.ko", 22)));
}

TEST_CASE("what depmod takes for a kernel's version is one") {
  for (const char* version : {"6.12", "6.12.118+deb13-cloud-amd64", "5.15~rc1.x86_64", "10.0_1"}) {
    CHECK(rpm::is_kernel_version(version));
  }
  for (const char* other : {"", ".", "..", "6", "6.", ".6", "-a", "current", "6.x", "6x.1",
                            "6.1/..", "6.1 b", "6.1\n"}) {
    CHECK_FALSE(rpm::is_kernel_version(other));
  }
}

TEST_CASE("code, relocations and what is for debuggers is not indexed, and all else is") {
  const std::string file = module_of(kSections, "~Module signature appended~\n");
  std::string left = file;
  const std::vector<Part> parts = rpm::parts_not_indexed(file);
  REQUIRE(parts.size() == 3);
  for (const Part& part : parts) left.replace(part.offset, part.size, part.size, '.');
  CHECK(left.find("code") == std::string::npos);
  CHECK(left.find("relocations") == std::string::npos);
  CHECK(left.find("for debuggers") == std::string::npos);
  std::string expected = file;
  for (const char* text : {"code", "relocations", "for debuggers"}) {
    expected.replace(expected.find(text), std::strlen(text), std::strlen(text), '.');
  }
  CHECK(left == expected);
}

TEST_CASE("a module whose sections overlap, or that is none, is taken whole") {
  CHECK(rpm::parts_not_indexed("").empty());
  CHECK(rpm::parts_not_indexed("\x7f"
                               "ELF")
            .empty());
  CHECK(rpm::parts_not_indexed(module_of({})).empty());
  std::string file = module_of(kSections);
  CHECK_FALSE(rpm::parts_not_indexed(file).empty());
  Elf64_Ehdr header;
  std::memcpy(&header, file.data(), sizeof header);
  const std::size_t text = header.e_shoff + sizeof(Elf64_Shdr);
  const auto set = [&](std::size_t field, std::uint64_t value) {
    std::string changed = file;
    std::memcpy(changed.data() + text + field, &value, sizeof value);
    return rpm::parts_not_indexed(changed);
  };
  CHECK(set(offsetof(Elf64_Shdr, sh_size), 5).empty());  // Into the next one.
  CHECK(set(offsetof(Elf64_Shdr, sh_offset), 0).empty());
  CHECK(set(offsetof(Elf64_Shdr, sh_offset), file.size() - 2).empty());
  CHECK(set(offsetof(Elf64_Shdr, sh_size), ~std::uint64_t{0}).empty());
  CHECK(set(offsetof(Elf64_Shdr, sh_size), 3).size() == 3);
}

TEST_CASE("any byte of a module may be any other") {
  const std::string file = module_of(kSections);
  for (std::size_t at = 0; at < file.size(); ++at) {
    for (const char value : {'\0', '\1', '\x7f', '\xff'}) {
      std::string changed = file;
      changed[at] = value;
      std::uint64_t end = 0;
      for (const Part& part : rpm::parts_not_indexed(changed)) {
        REQUIRE(part.offset >= end);
        end = part.offset + part.size;
      }
      REQUIRE(end <= file.size());
    }
    (void)rpm::parts_not_indexed(std::string_view(file).substr(0, at));
  }
}
