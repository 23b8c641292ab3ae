#include "composer/image/stream_compressor.h"

#include <algorithm>
#include <fmt/format.h>
#include <string>
#include <zstd.h>

#include "composer/base/handle.h"
#include "composer/error.h"
#include "composer/image/gzip_stream.h"

namespace composer::image {
namespace {

class PlainStream final : public StreamCompressor {
 public:
  explicit PlainStream(Sink sink) : sink_(std::move(sink)) {}
  void write(std::string_view bytes) override { sink_(bytes); }
  void finish() override {}

 private:
  Sink sink_;
};

void free_context(ZSTD_CCtx* context) {
  ZSTD_freeCCtx(context);
}

/// libzstd's own threads: they make one frame, and the kernel wants each cpio in one.
class ZstdStream final : public StreamCompressor {
 public:
  ZstdStream(unsigned threads, Sink sink) : sink_(std::move(sink)), context_(ZSTD_createCCtx()) {
    if (!context_) throw Error(ErrorKind::host, "cannot start zstd compression: out of memory");
    // Above zstd's default of 3: layers are made once and fetched often.
    set(ZSTD_c_compressionLevel, 6);
    set(ZSTD_c_checksumFlag, 1);
    // At least one worker, or the frames would differ from those of several.
    set(ZSTD_c_nbWorkers, static_cast<int>(std::clamp(threads, 1U, 64U)));
  }

  void write(std::string_view bytes) override { compress(bytes, ZSTD_e_continue); }
  void finish() override { compress({}, ZSTD_e_end); }

 private:
  static std::size_t checked(std::size_t result) {
    if (ZSTD_isError(result) != 0U) {
      throw Error(ErrorKind::host,
                  fmt::format("zstd compression failed: {}", ZSTD_getErrorName(result)));
    }
    return result;
  }

  void set(ZSTD_cParameter parameter, int value) {
    checked(ZSTD_CCtx_setParameter(context_.get(), parameter, value));
  }

  void compress(std::string_view bytes, ZSTD_EndDirective directive) {
    ZSTD_inBuffer input{bytes.data(), bytes.size(), 0};
    for (;;) {
      ZSTD_outBuffer output{out_.data(), out_.size(), 0};
      const std::size_t left =
          checked(ZSTD_compressStream2(context_.get(), &output, &input, directive));
      if (output.pos > 0) sink_({out_.data(), output.pos});
      if (directive == ZSTD_e_end ? left == 0 : input.pos == input.size) return;
    }
  }

  Sink sink_;
  Handle<ZSTD_CCtx, free_context> context_;
  std::string out_ = std::string(ZSTD_CStreamOutSize(), '\0');
};

}  // namespace

std::unique_ptr<StreamCompressor> make_stream_compressor(Compression compression, unsigned threads,
                                                         StreamCompressor::Sink sink) {
  switch (compression) {
    case Compression::none:
      return std::make_unique<PlainStream>(std::move(sink));
    case Compression::gzip:
      return make_gzip_stream(threads, std::move(sink));
    case Compression::zstd:
      return std::make_unique<ZstdStream>(threads, std::move(sink));
    case Compression::zlib:
    case Compression::zstd_fast:
      break;
  }
  throw Error(ErrorKind::build,
              fmt::format("no stream is compressed with {}", to_text(compression)));
}

}  // namespace composer::image
