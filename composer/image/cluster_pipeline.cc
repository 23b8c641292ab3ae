#include "composer/image/cluster_pipeline.h"

#include <algorithm>
#include <memory>
#include <optional>

#include "composer/image/cluster_compressor.h"
#include "composer/image/data_units.h"
#include "composer/image/ordered_workers.h"
#include "composer/image/qcow2_format.h"

namespace composer::image {
namespace {

using qcow2::kClusterSize;

// A unit of work: large enough that threads seldom meet, small enough to spread evenly.
constexpr std::uint64_t kUnitClusters = 16;
constexpr std::uint64_t kUnitSize = kUnitClusters * kClusterSize;

// A cluster that does not shrink by a sixteenth is stored as it is: reading it back is then free.
constexpr std::size_t kLargestCompressed = kClusterSize - kClusterSize / 16;

/// A unit of which nothing is left but what is to be stored.
struct StoredUnit {
  std::unique_ptr<char[]> buffer = std::make_unique<char[]>(kUnitSize);
  std::vector<StoredCluster> clusters;
  std::uint64_t data_bytes = 0;  // For the meter.
};

/// What one thread works with.
class UnitReader {
 public:
  explicit UnitReader(const ExportJob& job) : job_(job), compressor_(job.output.compression) {}

  void fill(const DataUnit& unit, StoredUnit& into) {
    job_.meter.check();
    // Nothing to compress: the clusters stay where they are read.
    const bool in_place = job_.output.compression == Compression::none;
    char* input = in_place ? into.buffer.get() : input_.get();
    read_exactly(job_.disk, unit.start, input, unit.length);
    // The last cluster may reach past the disk's end; what is there reads as zeros.
    std::fill(input + unit.length, input + kUnitSize, '\0');
    into.clusters.clear();
    into.data_bytes = unit.data_bytes();
    char* out = into.buffer.get();
    for (std::uint64_t i = 0; i * kClusterSize < unit.length; ++i) {
      const std::string_view cluster(input + i * kClusterSize, kClusterSize);
      if (is_zero(cluster)) continue;
      if (in_place) {
        into.clusters.push_back({unit.start / kClusterSize + i, cluster, false});
        continue;
      }
      std::size_t size = compressor_.compress(cluster, {out, kLargestCompressed});
      const bool compressed = size > 0;
      if (!compressed) size = cluster.copy(out, kClusterSize);
      into.clusters.push_back({unit.start / kClusterSize + i, {out, size}, compressed});
      out += size;
    }
  }

 private:
  const ExportJob& job_;
  ClusterCompressor compressor_;
  std::unique_ptr<char[]> input_ = std::make_unique<char[]>(kUnitSize);
};

}  // namespace

void for_each_stored_cluster(const ExportJob& job,
                             const std::function<void(const std::vector<StoredCluster>&)>& store) {
  OrderedWorkers<DataUnit, StoredUnit> workers(
      job.threads,
      [&] {
        const auto reader = std::make_shared<UnitReader>(job);
        return [reader](DataUnit& unit, StoredUnit& into) { reader->fill(unit, into); };
      },
      [&](StoredUnit& unit) {
        store(unit.clusters);
        job.meter.advance(unit.data_bytes, job.output.filename);
      });
  DataUnits units(job.disk, kUnitSize);
  while (std::optional<DataUnit> unit = units.next()) workers.submit(std::move(*unit));
  workers.finish();
}

}  // namespace composer::image
