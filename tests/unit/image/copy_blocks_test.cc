#include "composer/image/copy_blocks.h"

#include <catch2/catch.hpp>
#include <sys/stat.h>

#include "composer/error.h"

#include "tests/support/scratch_folder.h"
#include "tests/unit/image/exported_file.h"

using namespace composer;
using namespace composer::image;

namespace {

constexpr std::uint64_t kBlock = 256 << 10;

struct Copied {
  std::vector<std::uint64_t> blocks;
  std::string bytes;
  friend bool operator==(const Copied&, const Copied&) = default;
};

/// Blocks one after the other.
Copied copy(const test::SparseDisk& disk, const std::filesystem::path& path, unsigned threads) {
  const Plan plan = test::plan_for_export();
  const PlannedOutput output{OutputFormat::vhd, Compression::none, "x"};
  const RawDisk raw = disk.raw();
  SilentProgress progress;
  ExportMeter meter(progress, {});
  PartialFile file(path);
  Copied copied;
  copy_blocks({plan, output, raw, meter, threads}, file, kBlock, [&](std::uint64_t block) {
    copied.blocks.push_back(block);
    return (copied.blocks.size() - 1) * kBlock;
  });
  file.resize(copied.blocks.size() * kBlock);
  file.commit();
  copied.bytes = read_file(path);
  return copied;
}

}  // namespace

TEST_CASE("each block that is not zero is copied once, in order, by any number of threads") {
  const test::ScratchFolder scratch;
  const auto disk = test::mixed_disk(scratch.path() / "disk");
  Copied expected;
  std::string block;
  for (std::uint64_t at = 0; at < disk.size(); at += kBlock) {
    block.assign(kBlock, '\0');
    read_exactly(disk.raw(), at, block.data(), std::min(kBlock, disk.size() - at));
    if (is_zero(block)) continue;
    expected.blocks.push_back(at / kBlock);
    expected.bytes += block;
  }
  REQUIRE(expected.blocks.size() > 10);
  REQUIRE(expected.blocks.size() < 30);
  for (const unsigned threads : {1U, 2U, 7U}) {
    CHECK((copy(disk, scratch.path() / "out", threads) == expected));
  }
}

TEST_CASE("zeros within a block stay a hole of the file") {
  const test::ScratchFolder scratch;
  test::SparseDisk disk(scratch.path() / "disk", kBlock);
  disk.write(0, "x" + std::string(kBlock - 2, '\0') + "y");
  copy(disk, scratch.path() / "out", 1);
  struct stat status {};
  REQUIRE(::stat((scratch.path() / "out").c_str(), &status) == 0);
  CHECK(status.st_blocks * 512 <= 2 * (64 << 10));
}

TEST_CASE("an error of the one who places ends all threads and comes out") {
  const test::ScratchFolder scratch;
  const auto disk = test::mixed_disk(scratch.path() / "disk", 40 << 20);
  const Plan plan;
  const PlannedOutput output{OutputFormat::vhd, Compression::none, "x"};
  const RawDisk raw = disk.raw();
  SilentProgress progress;
  ExportMeter meter(progress, {});
  PartialFile file(scratch.path() / "out");
  int placed = 0;
  const auto place = [&](std::uint64_t) -> std::uint64_t {
    if (++placed == 3) throw Error(ErrorKind::build, "no place left");
    return 0;
  };
  CHECK_THROWS_WITH(copy_blocks({plan, output, raw, meter, 4}, file, kBlock, place),
                    "no place left");
  meter.stop();
  CHECK_THROWS_WITH(copy_blocks({plan, output, raw, meter, 2}, file, kBlock,
                                [](std::uint64_t) { return std::uint64_t{0}; }),
                    "stopped because another image failed");
}
