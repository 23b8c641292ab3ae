#include "composer/units.h"

#include <catch2/catch.hpp>

using namespace composer;

TEST_CASE("sizes are read in binary units only") {
  CHECK(parse_bytes("5 GiB") == GiB(5));
  CHECK(parse_bytes("200MiB") == MiB(200));
  CHECK(parse_bytes("1 TiB") == TiB(1));
  CHECK(parse_bytes("4 KiB") == KiB(4));
  for (const char* bad : {"", "5", "5G", "5 GB", "5 gib", "-1 MiB", "1.5 GiB", " 5 GiB", "5 GiB ",
                          "99999999999 TiB", "18446744073709551616 KiB"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_bytes(bad).has_value());
  }
}

TEST_CASE("sizes are shown in the largest unit that fits") {
  CHECK(to_text(GiB(5)) == "5 GiB");
  CHECK(to_text(Bytes{512}) == "512 bytes");
  CHECK(to_text(Bytes{1}) == "1 byte");
  CHECK(to_text(MiB(1536)) == "1.5 GiB");
}

TEST_CASE("rounding goes to whole grains") {
  CHECK(round_up(Bytes{1}, MiB(1)) == MiB(1));
  CHECK(round_up(MiB(1), MiB(1)) == MiB(1));
  CHECK(round_down(MiB(2) - Bytes{1}, MiB(1)) == MiB(1));
}
