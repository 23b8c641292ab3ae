#include "composer/image/extents.h"

#include <catch2/catch.hpp>

#include "composer/error.h"

#include "tests/support/scratch_folder.h"
#include "tests/unit/image/sparse_disk.h"

using namespace composer;
using namespace composer::image;
using composer::test::SparseDisk;

TEST_CASE("the extents of a sparse disk cover its data and leave out its holes") {
  const test::ScratchFolder scratch;
  SparseDisk disk(scratch.path() / "disk", 64 << 20);
  disk.write(8 << 20, "a").write((40 << 20) + 5, "b");
  const auto first = next_data(disk.raw(), 0);
  REQUIRE(first);
  CHECK(first->start <= 8 << 20);
  CHECK(first->end() > 8 << 20);
  CHECK(first->length <= 4 << 20);  // tmpfs with huge pages has 2 MiB.
  const auto second = next_data(disk.raw(), first->end());
  REQUIRE(second);
  CHECK(second->end() > (40 << 20) + 5);
  CHECK_FALSE(next_data(disk.raw(), second->end()));
  CHECK_FALSE(next_data(disk.raw(), 64 << 20));
  CHECK(data_size(disk.raw()).count == first->length + second->length);
}

TEST_CASE("an extent ends where the disk ends, even in the middle of a block") {
  const test::ScratchFolder scratch;
  SparseDisk disk(scratch.path() / "disk", 10'000);
  disk.write(9'999, "x");
  const auto last = next_data(disk.raw(), 9'000);
  REQUIRE(last);
  CHECK(last->end() == 10'000);
}

TEST_CASE("a disk without data has no extents") {
  const test::ScratchFolder scratch;
  const SparseDisk disk(scratch.path() / "disk", 1 << 20);
  CHECK_FALSE(next_data(disk.raw(), 0));
  CHECK(data_size(disk.raw()) == Bytes{0});
}

TEST_CASE("a disk that ends before its size is an error") {
  const test::ScratchFolder scratch;
  SparseDisk disk(scratch.path() / "disk", 4096);
  disk.write(0, "x");
  RawDisk raw = disk.raw();
  raw.size = 8192;
  std::string buffer(8192, '\0');
  CHECK_THROWS_WITH(read_exactly(raw, 0, buffer.data(), buffer.size()),
                    "cannot read '" + raw.name + "': it ends before its size of 8192 bytes");
}

TEST_CASE("zeros are told from everything else at every length and place") {
  for (const std::size_t size : {0, 1, 15, 16, 17, 31, 4096, 65536}) {
    std::string bytes(size, '\0');
    INFO(size);
    CHECK(is_zero(bytes));
    for (const std::size_t place : {std::size_t{0}, size / 2, size - 1}) {
      if (size == 0) continue;
      bytes[place] = 1;
      CHECK_FALSE(is_zero(bytes));
      bytes[place] = 0;
    }
  }
  CHECK_FALSE(is_zero(std::string(4096, '\1')));
}
