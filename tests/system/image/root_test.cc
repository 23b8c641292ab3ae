// What needs filesystems of a known size: a tmpfs that is full, another filesystem for the output.

#include <catch2/catch.hpp>
#include <sys/mount.h>

#include "composer/base/checksum.h"
#include "composer/error.h"
#include "composer/image/vhd_footer.h"
#include "composer/image/write.h"

#include "tests/support/scratch_folder.h"
#include "tests/unit/image/sparse_disk.h"

using namespace composer;
using namespace composer::test;
using composer::image::DiskUse;
using composer::image::write_images;
namespace fs = std::filesystem;

namespace {

class Tmpfs {
 public:
  explicit Tmpfs(std::string size) {
    const std::string options = "size=" + size;
    REQUIRE(::mount("tmpfs", path().c_str(), "tmpfs", 0, options.c_str()) == 0);
  }
  Tmpfs(const Tmpfs&) = delete;
  Tmpfs& operator=(const Tmpfs&) = delete;
  ~Tmpfs() { ::umount2(path().c_str(), MNT_DETACH); }
  const fs::path& path() const { return scratch_.path(); }

 private:
  ScratchFolder scratch_;
};

Plan plan_of(std::vector<PlannedOutput> outputs) {
  Plan plan;
  plan.identity_seed = "seed";
  plan.outputs = std::move(outputs);
  return plan;
}

}  // namespace

TEST_CASE("an output directory that is too small is named with what was needed and available") {
  const OutputFormat format = GENERATE(OutputFormat::raw, OutputFormat::vhd_fixed,
                                       OutputFormat::vhd, OutputFormat::vhdx, OutputFormat::qcow2);
  const ScratchFolder scratch;
  SparseDisk disk(scratch.path() / "disk", 64 << 20);
  disk.write(0, noise(16 << 20, 1));
  const Tmpfs small("4m");
  write_file_atomically(small.path() / "image", "old");
  SilentProgress progress;
  const Plan plan = plan_of({{format, Compression::none, "image"}});
  try {
    write_images(plan, {disk.path(), {disk.size()}, {}}, DiskUse::keep, small.path(), progress);
    FAIL("it fitted");
  } catch (const Error& error) {
    INFO(error.to_text());
    CHECK_THAT(error.what(),
               Catch::StartsWith("cannot write '" + (small.path() / "image").string() +
                                 "': No space left on device: up to "));
    CHECK_THAT(error.what(),
               Catch::Contains(format == OutputFormat::vhdx ? "up to 20" : "up to 16"));
    CHECK_THAT(error.what(), Catch::Contains(" MiB needed, 4.0 MiB available") ||
                                 Catch::Contains(" MiB needed, 3.9 MiB available") ||
                                 Catch::Contains(" MiB needed, 4 MiB available"));
  }
  CHECK(read_file(small.path() / "image") == "old");
  CHECK_FALSE(fs::exists(small.path() / "image.partial"));
  CHECK(fs::exists(disk.path()));
}

TEST_CASE("a disk that is consumed where there is no room for the footer is given back") {
  const Tmpfs small("2m");
  const fs::path raw = small.path() / "disk.raw";
  SparseDisk disk(raw, 2 << 20);
  // All the space there is; the placeholder takes none.
  disk.write(0, noise(2 << 20, 1));
  SilentProgress progress;
  const Plan plan = plan_of({{OutputFormat::vhd_fixed, Compression::none, "image.vhd"}});
  CHECK_THROWS_WITH(
      write_images(plan, {raw, {disk.size()}, {}}, DiskUse::consume, small.path(), progress),
      Catch::Contains("No space left on device"));
  CHECK((read_file(raw) == noise(2 << 20, 1)));
  CHECK_FALSE(fs::exists(small.path() / "image.vhd"));
  CHECK_FALSE(fs::exists(small.path() / "image.vhd.partial"));
}

TEST_CASE("a disk on another filesystem is copied where it was to be consumed") {
  const ScratchFolder scratch;
  const auto disk = mixed_disk(scratch.path() / "disk", 8 << 20);
  const Tmpfs other("64m");
  SilentProgress progress;
  const Plan plan = plan_of({{OutputFormat::vhd_fixed, Compression::none, "image.vhd"}});
  const auto images = write_images(plan, {disk.path(), {disk.size()}, {}}, DiskUse::consume,
                                   other.path() / "new/folder", progress);
  REQUIRE(images.size() == 1);
  CHECK((read_file(images[0].path) ==
         read_file(disk.path()) + image::planned_vhd_footer(plan, {disk.size()})));
  CHECK(images[0].sha256 == sha256_file(images[0].path));
}
