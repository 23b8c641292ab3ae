#include "composer/image/gzip_stream.h"

#include <memory>
#include <string>
#include <zlib.h>

#include "composer/base/handle.h"
#include "composer/error.h"
#include "composer/image/little_endian.h"
#include "composer/image/ordered_workers.h"

namespace composer::image {
namespace {

constexpr std::size_t kPieceSize = 512 << 10;
constexpr std::size_t kWindow = 32 << 10;
constexpr int kLevel = 6, kRawWindowBits = -15, kMemoryLevel = 8;

struct Piece {
  std::string before;  ///< What a match may reach back into.
  std::string text;
  bool last = false;
};

struct Deflated {
  std::string bytes;
  unsigned long crc = 0;
  std::size_t text_size = 0;
};

void free_deflate(z_stream* stream) {
  deflateEnd(stream);
  delete stream;
}

z_stream* new_deflate() {
  auto stream = std::make_unique<z_stream>();
  if (deflateInit2(stream.get(), kLevel, Z_DEFLATED, kRawWindowBits, kMemoryLevel,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    throw Error(ErrorKind::host, "cannot start gzip compression: out of memory");
  }
  return stream.release();
}

Bytef* bytes_of(const std::string& text) {
  // zlib's interface wants a pointer to what it only reads.
  return reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
}

/// What one thread works with.
class PieceCompressor {
 public:
  PieceCompressor() : stream_(new_deflate()) {}

  void compress(const Piece& piece, Deflated& out) {
    z_stream& stream = *stream_.get();
    deflateReset(&stream);
    if (!piece.before.empty()) {
      deflateSetDictionary(&stream, bytes_of(piece.before), static_cast<uInt>(piece.before.size()));
    }
    out.text_size = piece.text.size();
    out.crc = crc32(0, bytes_of(piece.text), static_cast<uInt>(piece.text.size()));
    // The marker of a flush is five bytes beyond what deflateBound counts with.
    out.bytes.resize(deflateBound(&stream, piece.text.size()) + 16);
    stream.next_in = bytes_of(piece.text);
    stream.avail_in = static_cast<uInt>(piece.text.size());
    stream.next_out = bytes_of(out.bytes);
    stream.avail_out = static_cast<uInt>(out.bytes.size());
    // A flush ends at a whole byte, where the next piece can begin.
    const int result = deflate(&stream, piece.last ? Z_FINISH : Z_SYNC_FLUSH);
    if (result != (piece.last ? Z_STREAM_END : Z_OK) || stream.avail_in != 0) {
      throw Error(ErrorKind::build, "gzip compression failed");
    }
    out.bytes.resize(out.bytes.size() - stream.avail_out);
  }

 private:
  Handle<z_stream, free_deflate> stream_;
};

class GzipStream final : public StreamCompressor {
 public:
  GzipStream(unsigned threads, Sink sink)
      : sink_(std::move(sink)),
        workers_(
            threads,
            [] {
              const auto compressor = std::make_shared<PieceCompressor>();
              return
                  [compressor](Piece& piece, Deflated& out) { compressor->compress(piece, out); };
            },
            [this](Deflated& out) { store(out); }) {
    // Deflate, no flags, no time, no hint, Unix.
    sink_(std::string_view("\x1f\x8b\x08\0\0\0\0\0\0\x03", 10));
  }

  void write(std::string_view bytes) override {
    while (!bytes.empty()) {
      // A full piece waits for more, since only then it is known not to be the last.
      if (text_.size() == kPieceSize) submit(false);
      const std::size_t n = std::min(bytes.size(), kPieceSize - text_.size());
      text_ += bytes.substr(0, n);
      bytes.remove_prefix(n);
    }
  }

  void finish() override {
    submit(true);
    workers_.finish();
    std::string trailer(8, '\0');
    put_little_endian(trailer, 0, static_cast<std::uint32_t>(crc_));
    put_little_endian(trailer, 4, static_cast<std::uint32_t>(size_));
    sink_(trailer);
  }

 private:
  void submit(bool last) {
    std::string window;
    if (!last) window = text_.substr(text_.size() - kWindow);
    workers_.submit({std::move(before_), std::move(text_), last});
    before_ = std::move(window);
    text_.clear();
  }

  void store(const Deflated& out) {
    crc_ = crc32_combine(crc_, out.crc, static_cast<z_off_t>(out.text_size));
    size_ += out.text_size;
    sink_(out.bytes);
  }

  Sink sink_;
  std::string before_, text_;
  unsigned long crc_ = 0;
  std::uint64_t size_ = 0;
  OrderedWorkers<Piece, Deflated> workers_;  // Ends before what it stores into.
};

}  // namespace

std::unique_ptr<StreamCompressor> make_gzip_stream(unsigned threads, StreamCompressor::Sink sink) {
  return std::make_unique<GzipStream>(threads, std::move(sink));
}

}  // namespace composer::image
