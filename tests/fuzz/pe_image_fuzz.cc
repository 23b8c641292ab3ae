#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "composer/error.h"
#include "composer/tree/pe_image.h"

// A stub, kernel or finished image that a package brings. Invariants beside not crashing: what is
// read lies inside the file, and what is written is read again with every section that was wanted.

namespace {

using namespace composer;
using namespace composer::tree;

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  try {
    const PeImage image = read_pe_image(input, "input");
    for (const PeSection& section : image.sections) {
      if (section.content.empty()) continue;
      require(section.content.data() >= input.data());
      require(section.content.data() + section.content.size() <= input.data() + input.size());
      require(section.content.size() <= section.size);
    }
    const std::string made =
        with_sections(input, "input",
                      {{".linux", 0, 0, kSectionOfCode, "kernel"},
                       {".sbat", 0, 0, kSectionOfData, "sbat,1,SBAT Version\n"}},
                      image.dll_characteristics);
    const PeImage again = read_pe_image(made, "made");
    require(again.section(".linux")->content == "kernel");
    require(again.section(".sbat")->content == "sbat,1,SBAT Version\n");
    require(again.sections.size() <= image.sections.size() + 2);
  } catch (const Error&) {
  }
  return 0;
}
