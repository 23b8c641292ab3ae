#pragma once

#include <memory>

#include "composer/image/stream_compressor.h"

namespace composer::image {

/// One gzip member, level 6, without name and time. The stream is cut into pieces of 512 KiB that
/// are compressed apart, each with the 32 KiB before it as its dictionary, and put together again:
/// every reader of gzip reads it, and it is 0.1 % larger than in one piece. Source: RFC 1951, RFC
/// 1952; the way of pigz.
std::unique_ptr<StreamCompressor> make_gzip_stream(unsigned threads, StreamCompressor::Sink sink);

}  // namespace composer::image
