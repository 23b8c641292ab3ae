#include "composer/image/host_space.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "composer/image/qcow2_format.h"

using namespace composer::image::qcow2;

namespace {

constexpr std::uint64_t K = kClusterSize;

int refcount(const std::string& blocks, std::uint64_t cluster) {
  return static_cast<unsigned char>(blocks.at(2 * cluster)) << 8 |
         static_cast<unsigned char>(blocks.at(2 * cluster + 1));
}

std::uint64_t table_entry(const std::string& table, std::size_t i) {
  std::uint64_t value = 0;
  for (std::size_t b = 0; b < 8; ++b)
    value = value << 8 | static_cast<unsigned char>(table[8 * i + b]);
  return value;
}

}  // namespace

TEST_CASE("compressed data is packed, and every cluster it touches is counted") {
  HostSpace space;
  CHECK(space.allocate_clusters(2) == 0);
  CHECK(space.allocate_bytes(40'000) == 2 * K);
  CHECK(space.allocate_bytes(40'000) == 2 * K + 40'000);  // Over the boundary into cluster 3.
  CHECK(space.allocate_bytes(10'000) == 2 * K + 80'000);
  CHECK(space.end() == 4 * K);
  const HostSpace::Tables tables = space.finish();
  CHECK(refcount(tables.blocks, 0) == 1);
  CHECK(refcount(tables.blocks, 1) == 1);
  CHECK(refcount(tables.blocks, 2) == 2);
  CHECK(refcount(tables.blocks, 3) == 2);
  CHECK(refcount(tables.blocks, 4) == 1);  // The block itself,
  CHECK(refcount(tables.blocks, 5) == 1);  // and the table.
  CHECK(refcount(tables.blocks, 6) == 0);
  CHECK(tables.offset == 4 * K);
  CHECK(tables.table_offset == 5 * K);
  CHECK(tables.blocks.size() == K);
  CHECK(tables.table.size() == K);
  CHECK(table_entry(tables.table, 0) == 4 * K);
  CHECK(table_entry(tables.table, 1) == 0);
}

TEST_CASE("what a stored cluster cuts off is filled by later compressed data") {
  HostSpace space;
  space.allocate_clusters(1);
  CHECK(space.allocate_bytes(20'000) == K);
  CHECK(space.allocate_clusters(1) == 2 * K);
  CHECK(space.allocate_bytes(50'000) == 3 * K);           // Does not fit behind the first,
  CHECK(space.allocate_bytes(40'000) == K + 20'000);      // this does,
  CHECK(space.allocate_bytes(30'000) == 3 * K + 50'000);  // and the end can always grow.
  CHECK(space.end() == 5 * K);
}

TEST_CASE("data never lands in a stored cluster, nor on other data") {
  HostSpace space;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> taken;
  std::uint64_t x = 1;
  for (int i = 0; i < 3000; ++i) {
    x = x * 6364136223846793005 + 1442695040888963407;
    const std::uint64_t size = 1 + (x >> 33) % 61'440;
    if (x >> 62 == 0) {
      taken.emplace_back(space.allocate_clusters(1), K);
    } else {
      taken.emplace_back(space.allocate_bytes(size), size);
    }
  }
  std::uint64_t used = 0;
  std::vector<int> touched(space.end() / K);
  for (const auto& [offset, size] : taken) {
    used += size;
    for (std::uint64_t c = offset / K; c <= (offset + size - 1) / K; ++c) ++touched[c];
  }
  std::sort(taken.begin(), taken.end());
  for (std::size_t i = 1; i < taken.size(); ++i) {
    REQUIRE(taken[i - 1].first + taken[i - 1].second <= taken[i].first);
  }
  // Less than two percent lost, though stored and compressed ones alternate wildly.
  CHECK(used * 100 > space.end() * 98);
  const HostSpace::Tables tables = space.finish();
  for (std::size_t c = 0; c < touched.size(); ++c)
    REQUIRE(refcount(tables.blocks, c) == touched[c]);
}

TEST_CASE("a refcount block is given out once the file has passed it") {
  HostSpace space;
  space.allocate_clusters(kRefcountsPerBlock - 1);
  CHECK_FALSE(space.take_final_block());
  // Begins in the last cluster of the first block, ends in the second's first.
  space.allocate_bytes(40'000);
  CHECK(space.allocate_bytes(40'000) == kRefcountsPerBlock * K - K + 40'000);
  const auto block = space.take_final_block();
  REQUIRE(block);
  CHECK(refcount(*block, 0) == 1);
  CHECK(refcount(*block, kRefcountsPerBlock - 1) == 2);
  CHECK_FALSE(space.take_final_block());
  const std::uint64_t at = space.allocate_clusters(1);
  space.block_written(at);
  const HostSpace::Tables tables = space.finish();
  CHECK(table_entry(tables.table, 0) == at);
  CHECK(table_entry(tables.table, 1) == tables.offset);
  CHECK(tables.blocks.size() == K);
  CHECK(refcount(tables.blocks, 0) == 1);  // The end of the data over the boundary.
  CHECK(refcount(tables.blocks, 1) == 1);  // The first block.
}

TEST_CASE("no data is added to clusters whose refcount block was given out") {
  HostSpace space;
  space.allocate_bytes(1000);
  space.allocate_clusters(kRefcountsPerBlock);
  REQUIRE(space.take_final_block());
  space.block_written(space.allocate_clusters(1));
  CHECK(space.allocate_bytes(1000) >= kRefcountsPerBlock * K);
}

TEST_CASE("tables that fill a block exactly are counted without another") {
  // Blocks and table take two clusters: one block is enough up to 32766 others.
  for (const auto& [clusters, blocks] :
       {std::pair<std::uint64_t, std::uint64_t>{32766, 1}, {32767, 2}, {32768, 2}}) {
    HostSpace space;
    space.allocate_clusters(clusters);
    std::uint64_t given_out = 0;
    while (space.take_final_block()) {
      space.block_written(space.allocate_clusters(1));
      ++given_out;
    }
    const HostSpace::Tables tables = space.finish();
    INFO(clusters);
    CHECK(given_out + tables.blocks.size() / K == blocks);
    CHECK(space.end() == (clusters + blocks + 1) * K);
  }
}
