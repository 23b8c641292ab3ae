#include "composer/image/crc32c.h"

#include <catch2/catch.hpp>
#include <string>

using composer::image::crc32c;

TEST_CASE("CRC-32C is that of RFC 3720") {
  // B.4, "CRC Examples", as numbers; and the check value of the catalogue of CRCs.
  std::string up, down;
  for (int i = 0; i < 32; ++i) {
    up += static_cast<char>(i);
    down += static_cast<char>(31 - i);
  }
  CHECK(crc32c(std::string(32, '\0')) == 0x8a9136aa);
  CHECK(crc32c(std::string(32, '\xff')) == 0x62a8ab43);
  CHECK(crc32c(up) == 0x46dd794e);
  CHECK(crc32c(down) == 0x113fdb5c);
  CHECK(crc32c("123456789") == 0xe3069283);
  CHECK(crc32c("") == 0);
}
