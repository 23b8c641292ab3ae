#include "composer/image/cluster_pipeline.h"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "composer/image/cluster_compressor.h"
#include "composer/image/qcow2_format.h"

namespace composer::image {
namespace {

using qcow2::kClusterSize;

// A unit of work: large enough that threads seldom meet, small enough to spread evenly.
constexpr std::uint64_t kUnitClusters = 16;
constexpr std::uint64_t kUnitSize = kUnitClusters * kClusterSize;

// A cluster that does not shrink by a sixteenth is stored as it is: reading it back is then free.
constexpr std::size_t kLargestCompressed = kClusterSize - kClusterSize / 16;

struct Unit {
  std::uint64_t start = 0;       // On the disk, a multiple of kUnitSize.
  std::uint64_t data_bytes = 0;  // For the meter.
};

/// A finished unit waiting for its turn.
struct Slot {
  std::unique_ptr<char[]> buffer = std::make_unique<char[]>(kUnitSize);
  std::vector<StoredCluster> clusters;
  std::uint64_t data_bytes = 0;
  bool ready = false;
};

class Pipeline {
 public:
  Pipeline(const ExportJob& job,
           const std::function<void(const std::vector<StoredCluster>&)>& store)
      : job_(job), store_(store), slots_(2 * job.threads + 2), extent_(next_data(job.disk, 0)) {}

  void run() {
    std::vector<std::thread> threads;
    try {
      for (unsigned i = 1; i < job_.threads; ++i) threads.emplace_back([this] { work(); });
    } catch (...) {
      fail(std::current_exception());  // No further thread to be had.
    }
    work();
    for (std::thread& thread : threads) thread.join();
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  void work() noexcept {
    try {
      ClusterCompressor compressor(job_.output.compression);
      const auto input = std::make_unique<char[]>(kUnitSize);
      std::unique_lock lock(mutex_);
      for (;;) {
        room_.wait(lock, [&] { return failure_ || ended_ || next_ < turn_ + slots_.size(); });
        if (failure_ || ended_) return;
        const std::optional<Unit> unit = next_unit();
        if (!unit) {
          ended_ = true;
          room_.notify_all();
          return;
        }
        Slot& slot = slots_[next_++ % slots_.size()];
        lock.unlock();
        job_.meter.check();
        fill(slot, *unit, input.get(), compressor);
        lock.lock();
        slot.ready = true;
        store_what_is_ready(lock);
      }
    } catch (...) {
      fail(std::current_exception());
    }
  }

  /// The next stretch of the disk with data in it. Called with the lock held. An extent is looked
  /// up once and cut into units from memory: tmpfs walks all of it at each SEEK_HOLE.
  std::optional<Unit> next_unit() {
    if (!extent_) return std::nullopt;
    Unit unit{extent_->start / kUnitSize * kUnitSize, 0};
    const std::uint64_t end = std::min(unit.start + kUnitSize, job_.disk.size);
    while (extent_ && extent_->start < end) {
      const std::uint64_t extent_end = extent_->end();
      const std::uint64_t part_end = std::min(extent_end, end);
      unit.data_bytes += part_end - extent_->start;
      if (extent_end > end) {
        extent_ = Extent{end, extent_end - end};
      } else {
        extent_ = next_data(job_.disk, part_end);
      }
    }
    return unit;
  }

  void fill(Slot& slot, const Unit& unit, char* input, ClusterCompressor& compressor) const {
    const std::uint64_t length = std::min(kUnitSize, job_.disk.size - unit.start);
    // Nothing to compress: the clusters stay where they are read.
    const bool in_place = job_.output.compression == Compression::none;
    if (in_place) input = slot.buffer.get();
    read_exactly(job_.disk, unit.start, input, length);
    // The last cluster may reach past the disk's end; what is there reads as zeros.
    std::fill(input + length, input + kUnitSize, '\0');
    slot.clusters.clear();
    slot.data_bytes = unit.data_bytes;
    char* out = slot.buffer.get();
    for (std::uint64_t i = 0; i * kClusterSize < length; ++i) {
      const std::string_view cluster(input + i * kClusterSize, kClusterSize);
      if (is_zero(cluster)) continue;
      if (in_place) {
        slot.clusters.push_back({unit.start / kClusterSize + i, cluster, false});
        continue;
      }
      std::size_t size = compressor.compress(cluster, {out, kLargestCompressed});
      const bool compressed = size > 0;
      if (!compressed) size = cluster.copy(out, kClusterSize);
      slot.clusters.push_back({unit.start / kClusterSize + i, {out, size}, compressed});
      out += size;
    }
  }

  /// Stores units whose turn it is, unless another thread is at it. Called with the lock held.
  void store_what_is_ready(std::unique_lock<std::mutex>& lock) {
    while (!storing_ && !failure_ && slots_[turn_ % slots_.size()].ready) {
      Slot& slot = slots_[turn_ % slots_.size()];
      storing_ = true;
      lock.unlock();
      store_(slot.clusters);
      job_.meter.advance(slot.data_bytes, job_.output.filename);
      lock.lock();
      storing_ = false;
      slot.ready = false;
      ++turn_;
      room_.notify_all();
    }
  }

  void fail(std::exception_ptr failure) noexcept {
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = std::move(failure);
    room_.notify_all();
  }

  const ExportJob& job_;
  const std::function<void(const std::vector<StoredCluster>&)>& store_;
  std::mutex mutex_;
  std::condition_variable room_;
  std::vector<Slot> slots_;       // Unit n goes to slot n modulo their number.
  std::uint64_t next_ = 0;        // Number of the next unit to be read.
  std::uint64_t turn_ = 0;        // Number of the next unit to be stored.
  std::optional<Extent> extent_;  // What is left of the extent that the next unit begins in.
  bool ended_ = false;
  bool storing_ = false;
  std::exception_ptr failure_;
};

}  // namespace

void for_each_stored_cluster(const ExportJob& job,
                             const std::function<void(const std::vector<StoredCluster>&)>& store) {
  Pipeline(job, store).run();
}

}  // namespace composer::image
