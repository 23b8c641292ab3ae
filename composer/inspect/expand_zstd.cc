#include <algorithm>
#include <cerrno>
#include <fmt/format.h>
#include <string>
#include <unistd.h>
#include <zstd.h>

#include "composer/base/file_descriptor.h"
#include "composer/base/handle.h"
#include "composer/error.h"
#include "composer/host/interrupt.h"
#include "composer/inspect/byte_order.h"
#include "composer/inspect/expand.h"
#include "composer/inspect/image_file.h"

// Source: RFC 8878, Zstandard: frames (3.1.1) and skippable frames (3.1.2), one after the other.

namespace composer::inspect {
namespace {

using Context = Handle<ZSTD_DCtx, ZSTD_freeDCtx>;

constexpr std::size_t kRead = 256U << 10, kGrain = 64U << 10;
/// What `zstd --long` makes at most, and every reader takes.
constexpr int kMostWindowLog = 27;

/// The disk as it comes, with holes for its zeros.
class SparseWriter {
 public:
  explicit SparseWriter(int fd) : fd_(fd) {}

  /// One piece after the other; each but the last is kGrain long.
  void append(std::string_view piece) {
    const bool zero = piece.find_first_not_of('\0') == std::string_view::npos;
    if (!zero) write_all_at(fd_, piece, size_, "the expanded disk");
    size_ += piece.size();
  }

  std::uint64_t size() const { return size_; }

 private:
  int fd_;
  std::uint64_t size_ = 0;
};

}  // namespace

bool is_zstd_file(const std::filesystem::path& path) {
  const ImageFile file(path);
  if (file.size().count < 8) return false;
  const auto magic = little_endian<std::uint32_t>(read_text(file, 0, 4), 0);
  return magic == ZSTD_MAGICNUMBER ||
         (magic & ZSTD_MAGIC_SKIPPABLE_MASK) == ZSTD_MAGIC_SKIPPABLE_START;
}

Bytes expand_zstd(const std::filesystem::path& path, int fd, const ExpandMeter& meter) {
  const ImageFile file(path);
  const Context context(ZSTD_createDCtx());
  if (!context) file.refuse("zstd has no memory");
  ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, kMostWindowLog);
  SparseWriter disk(fd);
  std::string packed, grain(kGrain, '\0');
  ZSTD_outBuffer out{grain.data(), grain.size(), 0};
  std::size_t left = 0;  // In the frame; zero at its end.
  for (std::uint64_t at = 0; at < file.size().count; at += packed.size()) {
    host::throw_if_interrupted();
    packed = read_text(file, at, std::min<std::uint64_t>(kRead, file.size().count - at));
    ZSTD_inBuffer in{packed.data(), packed.size(), 0};
    // A full output buffer in the middle of a frame: more may come without any input.
    for (bool full = false; in.pos < in.size || (full && left != 0);) {
      left = ZSTD_decompressStream(context.get(), &out, &in);
      if (ZSTD_isError(left) != 0) {
        file.refuse(fmt::format("its zstd stream is damaged: {}", ZSTD_getErrorName(left)));
      }
      full = out.pos == out.size;
      if (full) {
        host::throw_if_interrupted();
        disk.append(grain);
        out.pos = 0;
      }
    }
    meter(packed.size());
  }
  if (left != 0) file.refuse("its zstd stream is cut short");
  if (out.pos > 0) disk.append(std::string_view(grain).substr(0, out.pos));
  if (disk.size() == 0 || disk.size() % 512 != 0) {
    file.refuse(
        fmt::format("what it holds is {} bytes, and a raw disk is a whole number of "
                    "512-byte sectors",
                    disk.size()));
  }
  if (::ftruncate(fd, static_cast<off_t>(disk.size())) != 0) {
    throw system_error(fmt::format("cannot expand '{}'", path.string()), errno);
  }
  return {disk.size()};
}

}  // namespace composer::inspect
