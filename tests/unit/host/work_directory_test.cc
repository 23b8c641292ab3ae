#include "composer/host/work_directory.h"

#include <catch2/catch.hpp>
#include <fstream>

#include "tests/support/scratch_folder.h"

using namespace composer;

namespace {

/// What a build that was killed leaves.
std::filesystem::path leave_work(const std::filesystem::path& base) {
  const std::filesystem::path work = base / ".image-composer-work-killed";
  std::filesystem::create_directories(work / "root/etc");
  std::ofstream(work / "disk.raw") << "half";
  return work;
}

}  // namespace

TEST_CASE("a work folder whose owner is gone is removed, one that is in use stays") {
  const test::ScratchFolder scratch;
  const host::WorkDirectory used(scratch.path());
  const auto killed = leave_work(scratch.path());
  const auto other = scratch.path() / "mine";
  std::filesystem::create_directory(other);
  SECTION("by who makes one") {
    const host::WorkDirectory next(scratch.path());
    CHECK(next.path() != used.path());
    CHECK_FALSE(std::filesystem::exists(killed));
  }
  SECTION("by who needs none") {
    host::remove_stale_work(scratch.path());
    CHECK_FALSE(std::filesystem::exists(killed));
  }
  CHECK(std::filesystem::exists(used.path()));
  CHECK(std::filesystem::exists(other));
}

TEST_CASE("where there is no folder there is nothing to remove, and none is made") {
  const test::ScratchFolder scratch;
  host::remove_stale_work(scratch.path() / "none");
  CHECK(std::filesystem::is_empty(scratch.path()));
}
