#pragma once

#include <filesystem>

#include "composer/base/file_descriptor.h"

namespace composer::host {

/// Keeps a cache from being pruned while it is used, and is gone with its process, however that
/// ends: a lock on `cache/lock`, shared by all who use it.
class CacheLease {
 public:
  /// Waits while the cache is pruned or verified. @throws Error when the cache cannot be made.
  static CacheLease use(const std::filesystem::path& cache);
  /// For whoever removes from it. @throws Error of kind host when somebody uses it.
  static CacheLease own(const std::filesystem::path& cache);

 private:
  CacheLease(const std::filesystem::path& cache, int operation);
  FileDescriptor lock_;
};

}  // namespace composer::host
