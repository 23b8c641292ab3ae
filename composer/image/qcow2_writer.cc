#include "composer/image/qcow2_writer.h"

#include <cerrno>
#include <optional>
#include <string>
#include <sys/uio.h>
#include <vector>

#include "composer/image/big_endian.h"
#include "composer/image/cluster_pipeline.h"
#include "composer/image/host_space.h"
#include "composer/image/qcow2_format.h"

namespace composer::image {
namespace {

using namespace qcow2;

/// Collects writes that follow each other in the file, and makes each run of them one system call.
class RunWriter {
 public:
  explicit RunWriter(PartialFile& file) : file_(file) {}

  /// `bytes` must live until the next flush.
  void add(std::string_view bytes, std::uint64_t offset) {
    if (offset != start_ + length_ || pieces_.size() == kMostPieces) flush();
    if (pieces_.empty()) start_ = offset;
    length_ += bytes.size();
    // Pieces that follow each other in memory too are one.
    if (!pieces_.empty() && pieces_.back().data() + pieces_.back().size() == bytes.data()) {
      pieces_.back() = {pieces_.back().data(), pieces_.back().size() + bytes.size()};
    } else {
      pieces_.push_back(bytes);
    }
  }

  void flush() {
    std::vector<iovec> vector;
    for (const std::string_view piece : pieces_) {
      vector.push_back({const_cast<char*>(piece.data()), piece.size()});
    }
    ssize_t written = 0;
    if (vector.size() > 1) {
      written = ::pwritev(file_.fd(), vector.data(), static_cast<int>(vector.size()),
                          static_cast<off_t>(start_));
      // A short or failed write is left to write_at, which tries again and knows the errors.
      if (written < 0) written = 0;
    }
    auto done = static_cast<std::uint64_t>(written);
    std::uint64_t offset = start_;
    for (const std::string_view piece : pieces_) {
      const std::uint64_t skip = std::min<std::uint64_t>(done, piece.size());
      file_.write_at(piece.substr(skip), offset + skip);
      done -= skip;
      offset += piece.size();
    }
    pieces_.clear();
    length_ = 0;
  }

 private:
  static constexpr std::size_t kMostPieces = 64;

  PartialFile& file_;
  std::vector<std::string_view> pieces_;
  std::uint64_t start_ = 0;
  std::uint64_t length_ = 0;
};

/// The image as it grows. Clusters must come in the disk's order; then one L2 table at a time is
/// enough.
class Qcow2Image {
 public:
  Qcow2Image(PartialFile& file, std::uint64_t virtual_size, Compression compression)
      : file_(file), writer_(file), l1_(l1_entries(virtual_size)) {
    header_.virtual_size = virtual_size;
    header_.compression = compression;
    space_.allocate_clusters(1);  // The header.
    header_.l1_offset =
        space_.allocate_clusters((l1_.size() + kEntriesPerTable - 1) / kEntriesPerTable);
  }

  void store(const std::vector<StoredCluster>& clusters) {
    for (const StoredCluster& cluster : clusters) {
      enter_l2(cluster.number / kEntriesPerTable);
      const std::uint64_t size = cluster.bytes.size();
      const std::uint64_t offset =
          cluster.compressed ? space_.allocate_bytes(size) : space_.allocate_clusters(1);
      l2_[cluster.number % kEntriesPerTable] =
          cluster.compressed ? compressed_entry(offset, size) : offset | kCopied;
      writer_.add(cluster.bytes, offset);
      write_final_blocks();
    }
    writer_.flush();
  }

  void finish() {
    write_l2();
    const HostSpace::Tables tables = space_.finish();
    file_.write_at(tables.blocks, tables.offset);
    file_.write_at(tables.table, tables.table_offset);
    file_.write_at(table_bytes(l1_), header_.l1_offset);
    header_.refcount_table_offset = tables.table_offset;
    header_.refcount_table_clusters =
        static_cast<std::uint32_t>(tables.table.size() / kClusterSize);
    // Last, so that a file that was cut short is not taken for an image.
    file_.write_at(encode(header_), 0);
  }

 private:
  static std::string table_bytes(const std::vector<std::uint64_t>& entries) {
    std::string bytes(entries.size() * 8, '\0');
    for (std::size_t i = 0; i < entries.size(); ++i) put_big_endian(bytes, 8 * i, entries[i]);
    return bytes;
  }

  void enter_l2(std::uint64_t index) {
    if (current_l2_ == index) return;
    write_l2();
    current_l2_ = index;
  }

  void write_l2() {
    if (!current_l2_) return;
    writer_.flush();
    const std::uint64_t offset = space_.allocate_clusters(1);
    file_.write_at(table_bytes(l2_), offset);
    l1_[*current_l2_] = offset | kCopied;
    l2_.assign(kEntriesPerTable, 0);
    current_l2_.reset();
    write_final_blocks();
  }

  void write_final_blocks() {
    while (const std::optional<std::string> block = space_.take_final_block()) {
      const std::uint64_t offset = space_.allocate_clusters(1);
      file_.write_at(*block, offset);
      space_.block_written(offset);
    }
  }

  PartialFile& file_;
  RunWriter writer_;
  HostSpace space_;
  Header header_;
  std::vector<std::uint64_t> l1_;
  std::vector<std::uint64_t> l2_ = std::vector<std::uint64_t>(kEntriesPerTable);
  std::optional<std::uint64_t> current_l2_;  // Index in L1 of what l2_ maps.
};

}  // namespace

void write_qcow2(const ExportJob& job, PartialFile& file) {
  const std::uint64_t tables = (l1_entries(job.disk.size) + 8) * 8 + 4 * kClusterSize;
  file.expect(data_size(job.disk) + Bytes{tables});
  Qcow2Image image(file, job.disk.size, job.output.compression);
  for_each_stored_cluster(job, [&](const std::vector<StoredCluster>& c) { image.store(c); });
  image.finish();
}

}  // namespace composer::image
