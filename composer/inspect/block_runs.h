#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "composer/inspect/block_source.h"

// Where the data of a disk is that a table of blocks describes.

namespace composer::inspect {

/// So many blocks in a row, one at least, are all stored or all not.
struct AlikeBlocks {
  bool stored = false;
  std::uint64_t count = 1;
};

/// How many of a table's entries are like the first. `is_stored(at)` looks at the one at byte `at`.
template <typename IsStored>
AlikeBlocks alike_entries(std::string_view entries, std::size_t entry_size, IsStored is_stored) {
  AlikeBlocks alike{is_stored(0), 1};
  for (std::size_t at = entry_size; at + entry_size <= entries.size(); at += entry_size) {
    if (is_stored(at) != alike.stored) break;
    ++alike.count;
  }
  return alike;
}

/// What BlockSource::next_data answers; `look(block)` says what is there, as AlikeBlocks.
template <typename Look>
std::optional<DataRun> next_run(std::uint64_t from, std::uint64_t size, std::uint64_t block_size,
                                Look look) {
  // A caller that stops early has not walked the whole table.
  constexpr std::uint64_t kLongEnough = 64U << 20;
  std::optional<std::uint64_t> start;
  std::uint64_t at = from;
  while (at < size) {
    const std::uint64_t block = at / block_size;
    const AlikeBlocks alike = look(block);
    if (alike.stored && !start) start = at;
    if (!alike.stored && start) break;
    const std::uint64_t blocks_left = (size - 1) / block_size - block;
    at = alike.count > blocks_left ? size : (block + alike.count) * block_size;
    if (start && at - *start >= kLongEnough) break;
  }
  if (!start) return std::nullopt;
  return DataRun{*start, at - *start};
}

}  // namespace composer::inspect
