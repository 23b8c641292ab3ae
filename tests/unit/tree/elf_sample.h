#pragma once

#include <string>
#include <vector>

namespace composer::test {

/// What a program of nothing but headers says of itself.
struct ElfSample {
  std::vector<std::string> libraries = {};
  std::string runpath = {}, rpath = {}, interpreter = {};
  std::vector<std::string> notes = {};  ///< Texts of notes on libraries that are loaded later.
  unsigned machine = 62;                ///< x86-64.
};

/// A 64-bit little-endian ELF file.
std::string elf_file(const ElfSample& sample);

}  // namespace composer::test
