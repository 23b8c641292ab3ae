#pragma once

#include <cstdint>
#include <string>

#include "composer/plan.h"
#include "composer/units.h"

// The numbers and entries of qcow2 version 3 as this project writes it: clusters of 64 KiB,
// refcounts of 16 bits, no backing file, no snapshots. docs/formats/qcow2.md has the fields and a
// worked example. Source: QEMU's docs/interop/qcow2.

namespace composer::image::qcow2 {

inline constexpr std::uint64_t kClusterBits = 16;
inline constexpr std::uint64_t kClusterSize = 1ULL << kClusterBits;
inline constexpr std::uint64_t kEntriesPerTable = kClusterSize / 8;  ///< L1, L2, refcount table.
inline constexpr std::uint64_t kRefcountsPerBlock = kClusterSize / 2;
/// What one L2 table maps: 512 MiB.
inline constexpr std::uint64_t kL2Reach = kEntriesPerTable * kClusterSize;
/// Where this project stops; an L1 table of 1 MiB.
inline constexpr Bytes kLargestDisk = TiB(64);

/// Set in an L1 entry or an L2 entry of an uncompressed cluster whose refcount is exactly one.
inline constexpr std::uint64_t kCopied = 1ULL << 63;

/// Sizes and places that depend on how much was written.
struct Header {
  std::uint64_t virtual_size = 0;
  std::uint64_t l1_offset = 0;
  std::uint64_t refcount_table_offset = 0;
  std::uint32_t refcount_table_clusters = 0;
  Compression compression = Compression::none;
};

/// The header and its extensions: less than a cluster.
std::string encode(const Header& header);

/// The number of L1 entries of a disk of this size.
std::uint64_t l1_entries(std::uint64_t virtual_size);

/// The L2 entry of a compressed cluster of `size` bytes (at least 1, less than a cluster) at
/// `offset`, which need not be aligned.
std::uint64_t compressed_entry(std::uint64_t offset, std::uint64_t size);

}  // namespace composer::image::qcow2
