#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "composer/plan.h"

namespace composer::image {

/// Compresses a stream as it comes, in several threads.
class StreamCompressor {
 public:
  /// Takes the compressed bytes in order, in any thread but never two at once.
  using Sink = std::function<void(std::string_view)>;

  virtual ~StreamCompressor() = default;
  /// @throws Error  what the sink or a thread threw.
  virtual void write(std::string_view bytes) = 0;
  /// Ends the stream; everything has gone to the sink when it returns.
  virtual void finish() = 0;
};

/// A compressor into one gzip member (level 6), one zstd frame (level 6, content checksum), or of
/// nothing. What comes out depends on what goes in alone, neither on how it is cut nor on the
/// number of threads; for zstd on libzstd's version too.
/// @throws Error  of kind host when the machine lacks what it takes.
std::unique_ptr<StreamCompressor> make_stream_compressor(Compression compression, unsigned threads,
                                                         StreamCompressor::Sink sink);

}  // namespace composer::image
