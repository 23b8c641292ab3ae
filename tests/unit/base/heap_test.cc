#include "composer/base/heap.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

using namespace composer;

// A sanitizer has a heap of its own.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

namespace {

/// The flags of the mapping that `place` lies in, proc(5), smaps.
std::string mapping_flags(const void* place) {
  const auto address = reinterpret_cast<std::uintptr_t>(place);
  std::ifstream maps("/proc/self/smaps");
  bool found = false;
  for (std::string line; std::getline(maps, line);) {
    std::istringstream words(line);
    std::uintptr_t begin = 0, end = 0;
    char dash = 0;
    if (words >> std::hex >> begin >> dash >> end && dash == '-') {
      found = begin <= address && address < end;
    } else if (found && line.starts_with("VmFlags:")) {
      return line + " ";
    }
  }
  return {};
}

}  // namespace

TEST_CASE("what is allocated lies in huge pages once they are asked for") {
  use_huge_pages();
  // Larger than a block that glibc would map alone.
  const std::vector<char> block(std::size_t{8} << 20, 'x');
  CHECK(mapping_flags(block.data()).find(" hg ") != std::string::npos);
  CHECK(mapping_flags(block.data() + block.size() - 1).find(" hg ") != std::string::npos);
}

#endif
