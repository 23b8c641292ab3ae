#include "composer/base/decompress.h"

#include <fmt/format.h>
#include <lzma.h>
#include <memory>
#include <string>
#include <zlib.h>
#include <zstd.h>

#include "composer/base/handle.h"
#include "composer/error.h"

namespace composer {
namespace {

using Sink = std::function<void(std::string_view)>;

constexpr std::size_t kPart = 256 << 10;
// xz -9 needs 65 MiB to unpack; the kernel itself takes no larger dictionary than its own limit.
constexpr std::uint64_t kMostMemory = std::uint64_t{256} << 20;

[[noreturn]] void refuse(std::string_view format) {
  throw Error(ErrorKind::build, fmt::format("a {} stream is damaged or cut short", format));
}

struct InflateState {
  z_stream stream{};
  InflateState() {
    // 16: a gzip header is expected.
    if (inflateInit2(&stream, 15 + 16) != Z_OK) refuse("gzip");
  }
  InflateState(const InflateState&) = delete;
  InflateState& operator=(const InflateState&) = delete;
  ~InflateState() { inflateEnd(&stream); }
};

std::size_t decompress_gzip(std::string_view bytes, const Sink& sink) {
  InflateState state;
  std::string input(bytes.substr(0, 0)), part(kPart, '\0');
  std::size_t given = 0;
  while (true) {
    if (state.stream.avail_in == 0 && given < bytes.size()) {
      input = bytes.substr(given, kPart);  // zlib's input is not const.
      given += input.size();
      state.stream.next_in = reinterpret_cast<Bytef*>(input.data());
      state.stream.avail_in = static_cast<uInt>(input.size());
    }
    state.stream.next_out = reinterpret_cast<Bytef*>(part.data());
    state.stream.avail_out = static_cast<uInt>(part.size());
    const int result = inflate(&state.stream, Z_NO_FLUSH);
    sink(std::string_view(part).substr(0, part.size() - state.stream.avail_out));
    if (result == Z_STREAM_END) return given - state.stream.avail_in;
    if (result != Z_OK) refuse("gzip");
  }
}

struct XzState {
  lzma_stream stream = LZMA_STREAM_INIT;
  XzState() {
    if (lzma_stream_decoder(&stream, kMostMemory, 0) != LZMA_OK) refuse("xz");
  }
  XzState(const XzState&) = delete;
  XzState& operator=(const XzState&) = delete;
  ~XzState() { lzma_end(&stream); }
};

std::size_t decompress_xz(std::string_view bytes, const Sink& sink) {
  XzState state;
  std::string part(kPart, '\0');
  state.stream.next_in = reinterpret_cast<const std::uint8_t*>(bytes.data());
  state.stream.avail_in = bytes.size();
  while (true) {
    state.stream.next_out = reinterpret_cast<std::uint8_t*>(part.data());
    state.stream.avail_out = part.size();
    const lzma_ret result = lzma_code(&state.stream, LZMA_RUN);
    sink(std::string_view(part).substr(0, part.size() - state.stream.avail_out));
    if (result == LZMA_STREAM_END) return bytes.size() - state.stream.avail_in;
    if (result != LZMA_OK) refuse("xz");
  }
}

std::size_t decompress_zstd(std::string_view bytes, const Sink& sink) {
  const Handle<ZSTD_DCtx, ZSTD_freeDCtx> context(ZSTD_createDCtx());
  if (!context) refuse("zstd");
  std::string part(kPart, '\0');
  ZSTD_inBuffer input{bytes.data(), bytes.size(), 0};
  while (true) {
    ZSTD_outBuffer output{part.data(), part.size(), 0};
    const std::size_t before = input.pos;
    const std::size_t left = ZSTD_decompressStream(context.get(), &output, &input);
    if (ZSTD_isError(left) != 0) refuse("zstd");
    sink(std::string_view(part).substr(0, output.pos));
    if (left == 0) return input.pos;
    if (input.pos == before && output.pos == 0) refuse("zstd");
  }
}

}  // namespace

StreamCompression compression_of(std::string_view bytes) {
  if (bytes.starts_with("\x1f\x8b")) return StreamCompression::gzip;
  if (bytes.starts_with(std::string_view("\xfd\x37zXZ\0", 6))) return StreamCompression::xz;
  if (bytes.starts_with("\x28\xb5\x2f\xfd")) return StreamCompression::zstd;
  return StreamCompression::none;
}

std::size_t decompress(std::string_view bytes, const Sink& sink) {
  switch (compression_of(bytes)) {
    case StreamCompression::gzip:
      return decompress_gzip(bytes, sink);
    case StreamCompression::xz:
      return decompress_xz(bytes, sink);
    case StreamCompression::zstd:
      return decompress_zstd(bytes, sink);
    case StreamCompression::none:
      break;
  }
  sink(bytes);
  return bytes.size();
}

}  // namespace composer
