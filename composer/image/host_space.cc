#include "composer/image/host_space.h"

#include <algorithm>

#include "composer/image/big_endian.h"
#include "composer/image/qcow2_format.h"

namespace composer::image::qcow2 {
namespace {

// More gaps would find a better fit now and then; sixteen lose less than 0.1 % of the file.
constexpr std::size_t kGapsKept = 16;
// A gap that no compressed cluster of a real disk fits into.
constexpr std::uint64_t kSmallestGap = 512;

constexpr std::uint64_t divide_up(std::uint64_t a, std::uint64_t b) {
  return (a + b - 1) / b;
}

}  // namespace

std::uint64_t HostSpace::end() const {
  return end_cluster_ * kClusterSize;
}

void HostSpace::count(std::uint64_t cluster) {
  const std::uint64_t index = cluster - first_counted_;
  if (index >= counts_.size()) counts_.resize(index + 1);
  ++counts_[index];
}

std::uint64_t HostSpace::allocate_clusters(std::uint64_t clusters) {
  const std::uint64_t offset = end();
  for (std::uint64_t i = 0; i < clusters; ++i) count(end_cluster_++);
  return offset;
}

std::uint64_t HostSpace::allocate_bytes(std::uint64_t size) {
  // The first gap that is large enough. The one at the very end always is: it can grow.
  auto gap = std::find_if(gaps_.begin(), gaps_.end(), [&](const Gap& candidate) {
    return candidate.size >= size || candidate.offset + candidate.size == end();
  });
  if (gap == gaps_.end()) {
    gaps_.push_back({end(), kClusterSize});
    ++end_cluster_;
    gap = gaps_.end() - 1;
  } else if (gap->size < size) {
    gap->size += kClusterSize;
    ++end_cluster_;
  }
  const std::uint64_t offset = gap->offset;
  gap->offset += size;
  gap->size -= size;
  for (std::uint64_t c = offset / kClusterSize; c <= (offset + size - 1) / kClusterSize; ++c) {
    count(c);
  }
  if (gap->size < kSmallestGap) gaps_.erase(gap);
  if (gaps_.size() > kGapsKept) {
    gaps_.erase(std::min_element(gaps_.begin(), gaps_.end(),
                                 [](const Gap& a, const Gap& b) { return a.size < b.size; }));
  }
  return offset;
}

std::optional<std::string> HostSpace::take_final_block() {
  const std::uint64_t block_end = first_counted_ + kRefcountsPerBlock;
  if (end_cluster_ < block_end) return std::nullopt;
  // What is free below stays free: at most sixteen clusters in 2 GiB.
  std::erase_if(gaps_, [&](const Gap& gap) { return gap.offset < block_end * kClusterSize; });
  std::string block(kClusterSize, '\0');
  for (std::size_t i = 0; i < kRefcountsPerBlock; ++i) put_big_endian(block, 2 * i, counts_[i]);
  counts_.erase(counts_.begin(), counts_.begin() + static_cast<std::ptrdiff_t>(kRefcountsPerBlock));
  first_counted_ = block_end;
  return block;
}

HostSpace::Tables HostSpace::finish() {
  // Blocks and table have to count themselves: grow both until they cover the file with themselves.
  std::uint64_t blocks = 0, table_clusters = 0;
  for (;;) {
    const std::uint64_t clusters = end_cluster_ + blocks + table_clusters;
    const std::uint64_t all_blocks = divide_up(clusters, kRefcountsPerBlock);
    const std::uint64_t needed = all_blocks - block_offsets_.size();
    const std::uint64_t needed_table = divide_up(all_blocks, kEntriesPerTable);
    if (needed == blocks && needed_table == table_clusters) break;
    blocks = needed;
    table_clusters = needed_table;
  }
  Tables tables;
  tables.offset = allocate_clusters(blocks + table_clusters);
  tables.table_offset = tables.offset + blocks * kClusterSize;
  for (std::uint64_t i = 0; i < blocks; ++i) {
    block_offsets_.push_back(tables.offset + i * kClusterSize);
  }
  tables.blocks.assign(blocks * kClusterSize, '\0');
  for (std::size_t i = 0; i < counts_.size(); ++i) put_big_endian(tables.blocks, 2 * i, counts_[i]);
  tables.table.assign(table_clusters * kClusterSize, '\0');
  for (std::size_t i = 0; i < block_offsets_.size(); ++i) {
    put_big_endian(tables.table, 8 * i, block_offsets_[i]);
  }
  return tables;
}

}  // namespace composer::image::qcow2
