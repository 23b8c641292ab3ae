#include "composer/image/copy_disk.h"

#include <catch2/catch.hpp>
#include <sys/stat.h>

#include "tests/support/scratch_folder.h"
#include "tests/unit/image/sparse_disk.h"

using namespace composer;
using namespace composer::image;

namespace {

struct CountingProgress final : Progress {
  void begin(Stage, Amount) override {}
  void advance(Stage, Amount done, std::string_view) override { bytes = done.bytes; }
  void end(Stage, Amount) override {}
  void note(std::string_view) override {}
  void warning(std::string_view) override {}
  void command(std::span<const std::string>) override {}
  void output(std::string_view, std::string_view) override {}
  Bytes bytes;
};

}  // namespace

TEST_CASE("both ways of copying give the same bytes and keep the holes") {
  const CopyWay way = GENERATE(CopyWay::in_kernel, CopyWay::read_and_write);
  const test::ScratchFolder scratch;
  const auto disk = test::mixed_disk(scratch.path() / "disk", 64 << 20);
  Plan plan;
  PlannedOutput output{OutputFormat::raw, Compression::none, "x"};
  CountingProgress progress;
  ExportMeter meter(progress, {});
  const RawDisk raw = disk.raw();
  PartialFile file(scratch.path() / "x");
  copy_extents({plan, output, raw, meter, 1}, file, way);
  CHECK((read_file(file.name()) == read_file(disk.path())));
  CHECK(progress.bytes == data_size(raw));
  struct stat status {};
  REQUIRE(::fstat(file.fd(), &status) == 0);
  CHECK(status.st_blocks * 512 < 16 << 20);
  if (way == CopyWay::read_and_write) {
    // The zeros that were written as data have become a hole.
    const RawDisk copy{file.fd(), disk.size(), file.name()};
    CHECK(data_size(copy) < data_size(raw));
  }
}

TEST_CASE("a disk of one hole is copied as one") {
  const test::ScratchFolder scratch;
  const test::SparseDisk disk(scratch.path() / "disk", 1ULL << 40);
  Plan plan;
  PlannedOutput output{OutputFormat::raw, Compression::none, "x"};
  SilentProgress progress;
  ExportMeter meter(progress, {});
  const RawDisk raw = disk.raw();
  PartialFile file(scratch.path() / "x");
  copy_disk({plan, output, raw, meter, 1}, file);
  CHECK(file.size() == 1ULL << 40);
  CHECK(data_size({file.fd(), file.size(), file.name()}) == Bytes{0});
}
