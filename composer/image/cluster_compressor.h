#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "composer/plan.h"

namespace composer::image {

/// Compresses qcow2 clusters one by one, each on its own as the format wants it. One per thread: it
/// keeps its working memory, which setting up anew for each cluster would cost a fifth of the time.
/// What comes out depends on the cluster alone.
class ClusterCompressor {
 public:
  /// @throws Error  of kind host when there is no memory.
  explicit ClusterCompressor(Compression compression);
  ClusterCompressor(ClusterCompressor&&) noexcept;
  ~ClusterCompressor();

  /// Compresses `cluster` into `out`. Returns the compressed size, or 0 when it does not fit there,
  /// which for Compression::none is always so.
  std::size_t compress(std::string_view cluster, std::span<char> out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace composer::image
