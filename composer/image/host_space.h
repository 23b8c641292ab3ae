#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

// Where things go in a qcow2 file, and how often each cluster of it is used. Pure bookkeeping: the
// file is only ever appended to, but compressed clusters also fill what earlier ones left free, so
// that mixing them with stored ones and tables wastes nothing worth mentioning.
//
// A refcount block covers 2 GiB of the file. It is given out as soon as its counts are final, so
// the memory needed does not grow with the file (but for 8 bytes per block).

namespace composer::image::qcow2 {

class HostSpace {
 public:
  /// Takes `count` whole clusters at the end, used once each. Returns the byte offset.
  std::uint64_t allocate_clusters(std::uint64_t count);

  /// Takes room for `size` bytes (1 to a cluster) of compressed data, anywhere. Returns the byte
  /// offset. The data may cross one cluster boundary; each cluster that it touches is used once
  /// more.
  std::uint64_t allocate_bytes(std::uint64_t size);

  /// A refcount block that is final, as it is stored; must be asked for after each allocation until
  /// there is none. The caller writes it to clusters it allocates and reports the offset.
  std::optional<std::string> take_final_block();
  void block_written(std::uint64_t offset) { block_offsets_.push_back(offset); }

  /// All that is left: blocks, then the table, to be written in one piece at `offset`.
  struct Tables {
    std::uint64_t offset = 0;
    std::string blocks;
    std::uint64_t table_offset = 0;
    std::string table;
  };
  /// Ends the file with exactly the refcount blocks and table that it needs, themselves counted.
  Tables finish();

  /// The end of the file so far, a whole number of clusters.
  std::uint64_t end() const;

 private:
  struct Gap {
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
  };

  void count(std::uint64_t cluster);

  std::uint64_t end_cluster_ = 0;
  // Counts of the clusters from first_counted_ on.
  std::uint64_t first_counted_ = 0;
  std::vector<std::uint16_t> counts_;
  // Free ends of clusters that hold compressed data, oldest first.
  std::vector<Gap> gaps_;
  std::vector<std::uint64_t> block_offsets_;
};

}  // namespace composer::image::qcow2
