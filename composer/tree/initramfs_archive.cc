#include "composer/tree/initramfs_archive.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <fmt/format.h>
#include <memory>
#include <optional>
#include <zlib.h>
#include <zstd.h>

#include "composer/error.h"
#include "composer/tree/root_files.h"

namespace composer::tree {
namespace {

constexpr std::size_t kHeader = 110;
constexpr std::size_t kNameSizeField = 94;
constexpr std::size_t kFileSizeField = 54;
constexpr std::size_t kLongestName = 4096;  ///< The kernel's PATH_MAX.

// 78 MB from dracut 106 and kernel 6.12 on two cores: see docs/booting.md for the figures.
constexpr int kLevel = 3;
constexpr int kJobSize = 8 << 20;

[[noreturn]] void refuse(std::string_view why) {
  throw Error(ErrorKind::build, fmt::format("the initramfs is not as dracut makes it: {}", why));
}

std::size_t aligned(std::size_t at) {
  return (at + 3) / 4 * 4;
}

struct Entry {
  std::string_view name;
  std::size_t next = 0;  ///< Offset of the following entry; past the end for a cut archive.
};

std::optional<std::size_t> hexadecimal(std::string_view text) {
  std::uint32_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Entry entry_at(std::string_view archive, std::size_t at) {
  if (at > archive.size() || archive.size() - at < kHeader || archive.substr(at, 6) != "070701") {
    refuse("an entry is not in the newc format");
  }
  const auto name_size = hexadecimal(archive.substr(at + kNameSizeField, 8));
  const auto file_size = hexadecimal(archive.substr(at + kFileSizeField, 8));
  if (!name_size || !file_size || *name_size == 0 || *name_size > kLongestName ||
      *name_size > archive.size() - at - kHeader) {
    refuse("an entry's sizes are wrong");
  }
  return {archive.substr(at + kHeader, *name_size - 1),
          aligned(aligned(at + kHeader + *name_size) + *file_size)};
}

}  // namespace

InitramfsParts split_initramfs(std::string_view archive) {
  if (entry_at(archive, 0).name == "TRAILER!!!") refuse("it is empty");
  bool early = false;
  std::size_t at = 0;
  for (;;) {
    const Entry entry = entry_at(archive, at);
    early |= entry.name == "early_cpio";
    if (entry.next > archive.size()) {
      // cpio pads its last block only when it is told to.
      if (entry.name != "TRAILER!!!") refuse("it is cut off");
      return {{}, archive};
    }
    at = entry.next;
    if (entry.name == "TRAILER!!!") break;
    if (!early && at > (1 << 20)) return {{}, archive};  // The mark is among the first entries.
  }
  if (!early) return {{}, archive};
  const std::size_t main = std::min(archive.find_first_not_of('\0', at), archive.size());
  if (main == archive.size()) refuse("nothing follows the early archive");
  entry_at(archive, main);
  return {archive.substr(0, main), archive.substr(main)};
}

InitramfsCompression initramfs_compression(std::string_view configuration,
                                           std::string_view kernel) {
  bool gzip = false;
  for (const std::string_view line : lines_of(configuration)) {
    if (line == "CONFIG_RD_ZSTD=y") return InitramfsCompression::zstd;
    gzip |= line == "CONFIG_RD_GZIP=y";
  }
  if (gzip) return InitramfsCompression::gzip;
  throw Error(ErrorKind::build,
              fmt::format("the kernel '{}' unpacks neither zstd nor gzip: its configuration has "
                          "neither CONFIG_RD_ZSTD nor CONFIG_RD_GZIP",
                          kernel));
}

std::string compress_zstd(std::string_view bytes, int threads) {
  const std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context(ZSTD_createCCtx(),
                                                                     &ZSTD_freeCCtx);
  const auto check = [](std::size_t result) {
    if (ZSTD_isError(result)) {
      throw Error(ErrorKind::build,
                  fmt::format("cannot compress the initramfs: {}", ZSTD_getErrorName(result)));
    }
    return result;
  };
  if (!context) throw Error(ErrorKind::host, "cannot compress the initramfs: out of memory");
  const auto set = [&](ZSTD_cParameter parameter, int value) {
    check(ZSTD_CCtx_setParameter(context.get(), parameter, value));
  };
  set(ZSTD_c_compressionLevel, kLevel);
  set(ZSTD_c_checksumFlag, 1);
  set(ZSTD_c_nbWorkers, std::max(1, threads));  // Never 0: that is another algorithm.
  set(ZSTD_c_jobSize, kJobSize);
  std::string compressed(ZSTD_compressBound(bytes.size()), '\0');
  compressed.resize(check(ZSTD_compress2(context.get(), compressed.data(), compressed.size(),
                                         bytes.data(), bytes.size())));
  return compressed;
}

std::string compress_gzip(std::string_view bytes) {
  constexpr int kGzipWindow = 15 + 16;
  constexpr int kGzipLevel = 6;
  z_stream stream{};
  const auto fail = [] {
    throw Error(ErrorKind::build, "cannot compress the initramfs: zlib refuses it");
  };
  if (bytes.size() > UINT32_MAX) fail();
  if (deflateInit2(&stream, kGzipLevel, Z_DEFLATED, kGzipWindow, 9, Z_DEFAULT_STRATEGY) != Z_OK) {
    fail();
  }
  const std::unique_ptr<z_stream, decltype(&deflateEnd)> end(&stream, &deflateEnd);
  std::string compressed(deflateBound(&stream, static_cast<uLong>(bytes.size())), '\0');
  std::string input(bytes);  // zlib's interface takes no const.
  stream.next_in = reinterpret_cast<Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  stream.next_out = reinterpret_cast<Bytef*>(compressed.data());
  stream.avail_out = static_cast<uInt>(compressed.size());
  if (deflate(&stream, Z_FINISH) != Z_STREAM_END) fail();
  compressed.resize(stream.total_out);
  return compressed;
}

}  // namespace composer::tree
