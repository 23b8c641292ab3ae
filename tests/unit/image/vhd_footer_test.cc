#include "composer/image/vhd_footer.h"

#include <catch2/catch.hpp>

#include "composer/base/checksum.h"

using namespace composer;
using namespace composer::image;

TEST_CASE("the geometry follows the specification's calculation at each of its turns") {
  struct Row {
    std::uint64_t sectors;
    VhdGeometry geometry;
  };
  const Row row = GENERATE(values<Row>({
      {2048, {30, 4, 17}},                 // 1 MiB: never fewer than four heads.
      {4 * 1024 * 17 - 1, {1023, 4, 17}},  // The most tracks that four heads reach;
      {4 * 1024 * 17, {140, 16, 31}},      // exactly 1024 cylinders are one too many,
      {4 * 1024 * 17 + 17, {819, 5, 17}},  // and a track more takes a fifth head.
      {5 * 1024 * 17, {175, 16, 31}},
      {16 * 1024 * 17 - 17, {1023, 16, 17}},  // The last with 17 sectors per track,
      {16 * 1024 * 17 + 17, {561, 16, 31}},   // the first with 31 for good,
      {16 * 1024 * 31 - 1, {1023, 16, 31}},   // the last with 31,
      {16 * 1024 * 31, {503, 16, 63}},        // the first with 63.
      {65535ULL * 16 * 63 - 1, {65534, 16, 63}},
      {65535ULL * 16 * 63, {16191, 16, 255}},
      {65535ULL * 16 * 255, {65535, 16, 255}},
      {65535ULL * 16 * 255 + 1, {65535, 16, 255}},  // What is larger has the largest geometry.
      {kVhdLargestDisk.count / 512, {65535, 16, 255}},
  }));
  INFO(row.sectors << " sectors");
  const VhdGeometry found = vhd_geometry(row.sectors);
  CHECK(found.cylinders == row.geometry.cylinders);
  CHECK(int{found.heads} == int{row.geometry.heads});
  CHECK(int{found.sectors} == int{row.geometry.sectors});
}

TEST_CASE("a geometry never describes more sectors than the disk has") {
  for (std::uint64_t mib = 1; mib <= kVhdLargestDisk.count >> 20; mib += mib / 64 + 1) {
    const VhdGeometry g = vhd_geometry(mib * 2048);
    INFO(mib << " MiB");
    CHECK(std::uint64_t{g.cylinders} * g.heads * g.sectors <= mib * 2048);
    CHECK(g.heads >= 4);
    CHECK(g.heads <= 16);
  }
}

TEST_CASE("the footer of the worked example is exact") {
  const std::string footer =
      encode({GiB(5), vhd_time(1'700'000'000), "12345678-9abc-8def-8123-456789abcdef"});
  REQUIRE(footer.size() == 512);
  CHECK(to_hex(footer.substr(0, 85)) ==
        "636f6e6563746978"  // conectix
        "00000002"          // features
        "00010000"          // file format version
        "ffffffffffffffff"  // data offset
        "2ce6ad80"          // time stamp
        "77696e20"          // creator application
        "000a0000"          // creator version
        "5769326b"          // creator host
        "0000000140000000"  // original size
        "0000000140000000"  // current size
        "28a2103f"          // geometry: 10402, 16, 63
        "00000002"          // disk type
        "ffffe5d0"          // checksum
        "123456789abc8def8123456789abcdef"
        "00");
  CHECK(footer.substr(85) == std::string(427, '\0'));
}

TEST_CASE("the checksum is the complement of the sum of the other bytes") {
  std::string footer(512, '\0');
  CHECK(vhd_checksum(footer) == 0xffffffff);
  footer[0] = 1;
  footer[511] = '\xff';
  CHECK(vhd_checksum(footer) == ~std::uint32_t{0x100});
  footer.replace(64, 4, "\x12\x34\x56\x78");
  CHECK(vhd_checksum(footer) == ~std::uint32_t{0x100});
}

TEST_CASE("a time stamp outside the format's range becomes the nearest in it") {
  CHECK(vhd_time(946'684'800) == 0);
  CHECK(vhd_time(946'684'801) == 1);
  CHECK(vhd_time(0) == 0);
  CHECK(vhd_time(INT64_MIN) == 0);
  CHECK(vhd_time(946'684'800 + 0xffffffffLL) == 0xffffffff);
  CHECK(vhd_time(946'684'800 + 0x100000000LL) == 0xffffffff);
  CHECK(vhd_time(INT64_MAX) == 0xffffffff);
}

TEST_CASE("a plan's footer depends on its seed, its date and the size alone") {
  Plan plan;
  plan.identity_seed = "seed";
  plan.source_date_epoch = 1'700'000'000;
  const std::string footer = planned_vhd_footer(plan, MiB(64));
  CHECK(planned_vhd_footer(plan, MiB(64)) == footer);
  Plan other = plan;
  other.name = "other";
  CHECK(planned_vhd_footer(other, MiB(64)) == footer);
  other.identity_seed = "other seed";
  CHECK(planned_vhd_footer(other, MiB(64)).substr(68, 16) != footer.substr(68, 16));
  CHECK(planned_vhd_footer(plan, MiB(65)) != footer);
}
