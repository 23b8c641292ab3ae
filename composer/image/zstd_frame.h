#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace composer::image {

/// Compresses each text it is given into a zstd frame of its own, with its content size and a
/// checksum. One per thread: it keeps its working memory. What comes out depends on the text and
/// the version of libzstd alone.
class ZstdFrames {
 public:
  /// @param level  Of zstd, 1 to 19.
  /// @throws Error  of kind host when there is no memory.
  explicit ZstdFrames(int level);
  ZstdFrames(ZstdFrames&&) noexcept;
  ~ZstdFrames();

  /// The frame takes the place of what is in `frame`.
  void compress(std::string_view text, std::string& frame);
  /// The frame of `size` bytes of zero.
  std::string compress_zeros(std::uint64_t size);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace composer::image
