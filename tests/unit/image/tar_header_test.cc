#include "composer/image/tar_header.h"

#include <catch2/catch.hpp>

#include "composer/error.h"

using namespace composer;
using namespace composer::image;

TEST_CASE("a tar header is ustar's, of a file that belongs to root") {
  const std::string header = tar_header("blobs/sha256/x", 1234, 1'700'000'000);
  REQUIRE(header.size() == 512);
  const auto field = [&](std::size_t at, std::size_t size) { return header.substr(at, size); };
  CHECK(field(0, 15) == std::string("blobs/sha256/x\0", 15));
  CHECK(field(100, 24) == std::string("0000644\0"
                                      "0000000\0"
                                      "0000000\0",
                                      24));
  CHECK(field(124, 24) == std::string("00000002322\0"
                                      "14524770400\0",
                                      24));
  CHECK(field(156, 1) == "0");
  CHECK(field(257, 8) == std::string("ustar\0"
                                     "00",
                                     8));
  std::uint32_t sum = 8 * ' ';
  for (std::size_t i = 0; i < 512; ++i) {
    if (i < 148 || i >= 156) sum += static_cast<unsigned char>(header[i]);
  }
  CHECK(std::stoul(field(148, 6), nullptr, 8) == sum);
  CHECK(field(154, 2) == std::string("\0 ", 2));
}

TEST_CASE("a size from 8 GiB on is in base 256") {
  CHECK(tar_header("x", (8ULL << 30) - 1, 0).substr(124, 12) == std::string("77777777777\0", 12));
  CHECK(tar_header("x", 8ULL << 30, 0).substr(124, 12) ==
        std::string("\x80\0\0\0\0\0\0\x02\0\0\0\0", 12));
}

TEST_CASE("a name that does not fit is refused") {
  CHECK_NOTHROW(tar_header(std::string(100, 'x'), 0, 0));
  CHECK_THROWS_AS(tar_header(std::string(101, 'x'), 0, 0), Error);
}

TEST_CASE("contents are filled up to whole blocks") {
  CHECK(tar_padding(0).empty());
  CHECK(tar_padding(1).size() == 511);
  CHECK(tar_padding(512).empty());
  CHECK(tar_end() == std::string(1024, '\0'));
}
