#include <cstdint>
#include <string_view>

#include "composer/error.h"
#include "composer/tree/elf_file.h"

// A program of a package. Nothing is read outside of it, and nothing but an Error is thrown.

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    composer::tree::read_elf({reinterpret_cast<const char*>(data), size}, "input");
  } catch (const composer::Error&) {
  }
  return 0;
}
