#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "composer/progress.h"
#include "composer/units.h"

// What the cache holds, and how it is kept small and sound. docs/cache.md has its layout.

namespace composer {

/// One kind of what is kept.
struct CacheKind {
  std::string name;  ///< `packages`, `metadata`, `solv`, `initramfs`, `disks`, `outputs`.
  std::uint64_t entries = 0;
  Bytes size;  ///< On the disk; of outputs, without what an output folder has as well.
};

struct CacheReport {
  std::filesystem::path cache;
  std::vector<CacheKind> kinds;  ///< All, in a fixed order.
  Bytes limit;
  std::uint64_t removed = 0;         ///< Entries that this call removed,
  Bytes freed;                       ///< and what that freed.
  std::vector<std::string> damaged;  ///< Of what was removed, what was damaged; sorted.

  Bytes size() const;
};

/// $IMAGE_COMPOSER_CACHE_LIMIT, such as `10 GiB`, or 20 GiB.
/// @throws Error  of kind usage when it is no size.
Bytes cache_limit();

CacheReport inspect_cache(const std::filesystem::path& cache);

/// Removes what was not used for longest until the rest is no larger than `limit`, and what killed
/// builds left half-made. @throws Error of kind host while the cache is in use.
CacheReport prune_cache(const std::filesystem::path& cache, Bytes limit, Progress& progress);

/// Reads everything and removes what is not what it was stored as.
/// @throws Error  of kind host while the cache is in use.
CacheReport verify_cache(const std::filesystem::path& cache, Progress& progress);

std::string describe(const CacheReport& report);
std::string to_json(const CacheReport& report);

}  // namespace composer
