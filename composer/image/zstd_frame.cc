#include "composer/image/zstd_frame.h"

#include <algorithm>
#include <fmt/format.h>
#include <zstd.h>

#include "composer/base/handle.h"
#include "composer/error.h"

namespace composer::image {
namespace {

void free_context(ZSTD_CCtx* context) {
  ZSTD_freeCCtx(context);
}

std::size_t checked(std::size_t result) {
  if (ZSTD_isError(result) != 0U) {
    throw Error(ErrorKind::host,
                fmt::format("zstd compression failed: {}", ZSTD_getErrorName(result)));
  }
  return result;
}

}  // namespace

struct ZstdFrames::State {
  Handle<ZSTD_CCtx, free_context> context;
};

ZstdFrames::ZstdFrames(int level) : state_(std::make_unique<State>()) {
  state_->context = Handle<ZSTD_CCtx, free_context>(ZSTD_createCCtx());
  if (!state_->context) {
    throw Error(ErrorKind::host, "cannot start zstd compression: out of memory");
  }
  checked(ZSTD_CCtx_setParameter(state_->context.get(), ZSTD_c_compressionLevel, level));
  checked(ZSTD_CCtx_setParameter(state_->context.get(), ZSTD_c_checksumFlag, 1));
}

ZstdFrames::ZstdFrames(ZstdFrames&&) noexcept = default;
ZstdFrames::~ZstdFrames() = default;

void ZstdFrames::compress(std::string_view text, std::string& frame) {
  frame.resize(ZSTD_compressBound(text.size()));
  frame.resize(checked(
      ZSTD_compress2(state_->context.get(), frame.data(), frame.size(), text.data(), text.size())));
}

std::string ZstdFrames::compress_zeros(std::uint64_t size) {
  ZSTD_CCtx* context = state_->context.get();
  checked(ZSTD_CCtx_setPledgedSrcSize(context, size));
  const std::string zeros(std::min<std::uint64_t>(size, 1 << 20), '\0');
  std::string frame;
  std::string out(ZSTD_CStreamOutSize(), '\0');
  for (std::uint64_t left = size;;) {
    ZSTD_inBuffer input{zeros.data(), std::min<std::uint64_t>(left, zeros.size()), 0};
    left -= input.size;
    const ZSTD_EndDirective directive = left == 0 ? ZSTD_e_end : ZSTD_e_continue;
    for (std::size_t remaining = 1; remaining != 0 || input.pos < input.size;) {
      ZSTD_outBuffer output{out.data(), out.size(), 0};
      remaining = checked(ZSTD_compressStream2(context, &output, &input, directive));
      frame.append(out.data(), output.pos);
      // Before the end, what is still inside comes with the next input.
      if (directive == ZSTD_e_continue && input.pos == input.size) break;
    }
    if (directive == ZSTD_e_end) return frame;
  }
}

}  // namespace composer::image
