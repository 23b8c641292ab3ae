#pragma once

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

// Texts that are kept in the repository and compared whole. COMPOSER_ACCEPT=1 writes what the
// program says now, and fails all the same: somebody has to look at the difference first.

namespace composer::test {

inline std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

inline void compare_with_file(const std::string& actual, const std::string& path) {
  if (content_of(path) == actual) {
    SUCCEED();
    return;
  }
  const char* accept = std::getenv("COMPOSER_ACCEPT");
  if (accept != nullptr && std::string(accept) == "1") {
    std::ofstream(path, std::ios::binary) << actual;
    FAIL("rewrote " << path << "; look at the difference, then run the test again");
  }
  INFO("COMPOSER_ACCEPT=1 rewrites " << path);
  CHECK(actual == content_of(path));
}

}  // namespace composer::test
