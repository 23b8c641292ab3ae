#include "composer/image/tar_header.h"

#include <fmt/format.h>

#include "composer/error.h"

namespace composer::image {
namespace {

constexpr std::size_t kNameSize = 100, kModeAt = 100, kUidAt = 108, kGidAt = 116, kSizeAt = 124;
constexpr std::size_t kTimeAt = 136, kChecksumAt = 148, kTypeAt = 156, kMagicAt = 257;
constexpr std::uint64_t kOctalLimit = 1ULL << 33;  // Eleven octal digits.

}  // namespace

std::string tar_header(std::string_view name, std::uint64_t size, std::int64_t mtime) {
  if (name.size() > kNameSize) {
    throw Error(ErrorKind::build, fmt::format("'{}' is too long a name for a tar header", name));
  }
  std::string block(kTarBlock, '\0');
  const auto put = [&](std::size_t at, std::string_view text) {
    block.replace(at, text.size(), text);
  };
  put(0, name);
  put(kModeAt, "0000644");
  put(kUidAt, "0000000");
  put(kGidAt, "0000000");
  if (size < kOctalLimit) {
    put(kSizeAt, fmt::format("{:011o}", size));
  } else {
    block[kSizeAt] = static_cast<char>(0x80);
    for (std::size_t i = 0; i < 8; ++i) {
      block[kSizeAt + 11 - i] = static_cast<char>(size >> 8 * i & 0xff);
    }
  }
  put(kTimeAt, fmt::format("{:011o}", mtime));
  block[kTypeAt] = '0';
  put(kMagicAt, std::string_view("ustar\0"
                                 "00",
                                 8));
  // The sum takes itself for spaces.
  put(kChecksumAt, "        ");
  std::uint32_t sum = 0;
  for (const char c : block) sum += static_cast<unsigned char>(c);
  put(kChecksumAt, fmt::format("{:06o}", sum));
  block[kChecksumAt + 6] = '\0';
  return block;
}

std::string tar_padding(std::uint64_t size) {
  return std::string((kTarBlock - size % kTarBlock) % kTarBlock, '\0');
}

std::string tar_end() {
  return std::string(2 * kTarBlock, '\0');
}

}  // namespace composer::image
