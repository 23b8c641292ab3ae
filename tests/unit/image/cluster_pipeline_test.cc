#include "composer/image/cluster_pipeline.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>

#include "composer/error.h"
#include "composer/image/qcow2_format.h"

#include "tests/support/scratch_folder.h"
#include "tests/unit/image/sparse_disk.h"

using namespace composer;
using namespace composer::image;
using composer::image::qcow2::kClusterSize;

namespace {

struct Seen {
  std::vector<std::uint64_t> numbers;
  std::vector<bool> compressed;
  std::string bytes;
  friend bool operator==(const Seen&, const Seen&) = default;
};

Seen run(const RawDisk& disk, Compression compression, unsigned threads) {
  Plan plan;
  PlannedOutput output{OutputFormat::qcow2, compression, "x.qcow2"};
  SilentProgress progress;
  ExportMeter meter(progress, {});
  Seen seen;
  for_each_stored_cluster({plan, output, disk, meter, threads},
                          [&](const std::vector<StoredCluster>& clusters) {
                            for (const StoredCluster& cluster : clusters) {
                              seen.numbers.push_back(cluster.number);
                              seen.compressed.push_back(cluster.compressed);
                              seen.bytes += cluster.bytes;
                            }
                          });
  return seen;
}

}  // namespace

TEST_CASE("without compression every cluster that is not zero comes once, in order, as it is") {
  const test::ScratchFolder scratch;
  const auto disk = test::mixed_disk(scratch.path() / "disk");
  const Seen seen = run(disk.raw(), Compression::none, 2);
  std::string expected_bytes;
  std::vector<std::uint64_t> expected_numbers;
  std::string cluster(kClusterSize, '\0');
  for (std::uint64_t at = 0; at < disk.size(); at += kClusterSize) {
    cluster.assign(kClusterSize, '\0');
    read_exactly(disk.raw(), at, cluster.data(), std::min(kClusterSize, disk.size() - at));
    if (is_zero(cluster)) continue;
    expected_numbers.push_back(at / kClusterSize);
    expected_bytes += cluster;
  }
  CHECK(seen.numbers == expected_numbers);
  CHECK((seen.bytes == expected_bytes));
  CHECK(expected_numbers.size() > 20);
  CHECK(expected_numbers.size() < 60);
}

TEST_CASE("the number of threads changes nothing") {
  const test::ScratchFolder scratch;
  const auto disk = test::mixed_disk(scratch.path() / "disk", 40 << 20);
  const Compression compression =
      GENERATE(Compression::none, Compression::zlib, Compression::zstd, Compression::zstd_fast);
  const Seen one = run(disk.raw(), compression, 1);
  CHECK((run(disk.raw(), compression, 2) == one));
  CHECK((run(disk.raw(), compression, 7) == one));
}

TEST_CASE("noise is stored as it is among compressed clusters") {
  const test::ScratchFolder scratch;
  test::SparseDisk disk(scratch.path() / "disk", 4 * kClusterSize);
  disk.write(0, test::prose(kClusterSize, 1)).write(2 * kClusterSize, test::noise(kClusterSize, 2));
  const Seen seen = run(disk.raw(), Compression::zstd, 2);
  CHECK(seen.numbers == std::vector<std::uint64_t>{0, 2});
  CHECK(seen.compressed == std::vector<bool>{true, false});
  CHECK(seen.bytes.ends_with(test::noise(kClusterSize, 2)));
}

TEST_CASE("an error of the one who stores ends all threads and comes out") {
  const test::ScratchFolder scratch;
  const auto disk = test::mixed_disk(scratch.path() / "disk", 40 << 20);
  Plan plan;
  PlannedOutput output{OutputFormat::qcow2, Compression::zstd, "x"};
  SilentProgress progress;
  ExportMeter meter(progress, {});
  CHECK_THROWS_WITH(
      for_each_stored_cluster({plan, output, disk.raw(), meter, 5},
                              [](const auto&) { throw Error(ErrorKind::build, "disk on fire"); }),
      "disk on fire");
}

TEST_CASE("a stopped export ends with an error") {
  const test::ScratchFolder scratch;
  const auto disk = test::mixed_disk(scratch.path() / "disk");
  Plan plan;
  PlannedOutput output{OutputFormat::qcow2, Compression::zstd, "x"};
  SilentProgress progress;
  ExportMeter meter(progress, {});
  meter.stop();
  CHECK_THROWS_WITH(
      for_each_stored_cluster({plan, output, disk.raw(), meter, 2}, [](const auto&) {}),
      "stopped because another image failed");
}
