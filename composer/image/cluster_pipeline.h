#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "composer/image/export_job.h"

namespace composer::image {

/// One cluster of the disk that is not all zeros, as it is to be stored.
struct StoredCluster {
  std::uint64_t number = 0;  ///< Of the disk's clusters, from 0.
  std::string_view bytes;    ///< A whole cluster, or less when it is compressed.
  bool compressed = false;
};

/// Reads the disk's data, drops clusters of zeros, compresses the others in `job.threads` threads,
/// and calls `store` with them in the disk's order, about a MiB of the disk at a time, never twice
/// at once. What `store` sees does not depend on the number of threads. Memory: about 5 MiB for
/// each thread, whatever the disk's size.
///
/// @throws Error  the first of any thread, or of `store`, after all threads have ended.
void for_each_stored_cluster(const ExportJob& job,
                             const std::function<void(const std::vector<StoredCluster>&)>& store);

}  // namespace composer::image
