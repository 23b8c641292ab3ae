#include "composer/image/data_units.h"

#include <catch2/catch.hpp>

#include "tests/support/scratch_folder.h"
#include "tests/unit/image/sparse_disk.h"

using namespace composer;
using namespace composer::image;

namespace {

constexpr std::uint64_t kMebi = 1 << 20;

}  // namespace

TEST_CASE("units are those with data, cut at multiples of their size") {
  const test::ScratchFolder scratch;
  test::SparseDisk disk(scratch.path() / "disk", 100 * kMebi);
  // Whole pages, so that every filesystem keeps the holes between.
  disk.write(1 * kMebi, std::string(4096, 'a'))
      .write(3 * kMebi, std::string(4096, 'b'))
      .write(7 * kMebi, std::string(2 * kMebi, 'c'))
      .write(98 * kMebi, std::string(2 * kMebi, 'd'));
  const RawDisk raw = disk.raw();
  DataUnits units(raw, 8 * kMebi);

  const auto first = units.next();
  REQUIRE(first);
  CHECK(first->start == 0);
  CHECK(first->length == 8 * kMebi);
  CHECK(first->data ==
        std::vector<Extent>{{1 * kMebi, 4096}, {3 * kMebi, 4096}, {7 * kMebi, 1 * kMebi}});
  CHECK(first->data_bytes() == 8192 + kMebi);
  const auto second = units.next();
  REQUIRE(second);
  CHECK(second->start == 8 * kMebi);
  CHECK(second->data == std::vector<Extent>{{8 * kMebi, 1 * kMebi}});
  const auto last = units.next();
  REQUIRE(last);
  CHECK(last->start == 96 * kMebi);
  CHECK(last->length == 4 * kMebi);
  CHECK_FALSE(units.next());
}

TEST_CASE("an empty disk has no units") {
  const test::ScratchFolder scratch;
  const test::SparseDisk disk(scratch.path() / "disk", 100 * kMebi);
  const RawDisk raw = disk.raw();
  CHECK_FALSE(DataUnits(raw, kMebi).next());
}
