#include "composer/image/raw_zstd.h"

#include <catch2/catch.hpp>
#include <zstd.h>

#include "composer/base/checksum.h"
#include "composer/image/zstd_frame.h"

#include "tests/support/scratch_folder.h"
#include "tests/unit/image/exported_file.h"

using namespace composer;
using namespace composer::image;

namespace {

const PlannedOutput kOutput{OutputFormat::raw, Compression::zstd, "x.raw.zst"};

/// What the frames at the beginning of `file` unpack to, all of them.
std::string unpacked(const std::string& frame, std::size_t size) {
  std::string text(size, '\x55');
  const std::size_t n = ZSTD_decompress(text.data(), text.size(), frame.data(), frame.size());
  REQUIRE_FALSE(ZSTD_isError(n));
  REQUIRE(n == size);
  return text;
}

std::uint32_t number(const std::string& bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 4; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

/// Sizes of the frames, compressed and not, as the table at the end of `file` has them.
std::vector<std::pair<std::uint32_t, std::uint32_t>> seek_table(const std::string& file) {
  REQUIRE(number(file, file.size() - 4) == 0x8f92eab1);
  REQUIRE(file[file.size() - 5] == 0);
  const std::uint32_t count = number(file, file.size() - 9);
  std::size_t at = file.size() - 9 - 8 * std::size_t{count};
  REQUIRE(number(file, at - 8) == 0x184d2a5e);
  REQUIRE(number(file, at - 4) == 8 * count + 9);
  std::vector<std::pair<std::uint32_t, std::uint32_t>> frames;
  for (std::uint32_t i = 0; i < count; ++i, at += 8) {
    frames.emplace_back(number(file, at), number(file, at + 4));
  }
  return frames;
}

}  // namespace

TEST_CASE("the seek table is exact") {
  CHECK(to_hex(encode_zstd_seek_table({{100, 4096}, {0x01020304, 0x400000}})) ==
        "5e2a4d18"
        "19000000"
        "64000000"
        "00100000"
        "04030201"
        "00004000"
        "02000000"
        "00"
        "b1ea928f");
}

TEST_CASE("each frame unpacks alone to its part of the disk, and all together to the disk") {
  const test::ScratchFolder scratch;
  const auto disk = test::mixed_disk(scratch.path() / "disk", (14 << 20) + 512);
  export_file(disk, kOutput, scratch.path() / "x");
  const std::string content = read_file(disk.path()), file = read_file(scratch.path() / "x");
  std::size_t at = 0, of_disk = 0;
  const auto frames = seek_table(file);
  for (const auto& [compressed, size] : frames) {
    CHECK((unpacked(file.substr(at, compressed), size) == content.substr(of_disk, size)));
    at += compressed;
    of_disk += size;
  }
  CHECK(of_disk == content.size());
  // Two frames with data, a hole, what is left of the last with data.
  CHECK(frames.size() == 4);
  CHECK((unpacked(file, content.size()) == content));
  CHECK(file.size() < content.size() / 2);
}

TEST_CASE("a hole is one frame up to a size, and takes next to nothing") {
  const test::ScratchFolder scratch;
  test::SparseDisk disk(scratch.path() / "disk", 300 << 20);
  disk.write(290 << 20, "data");
  export_file(disk, kOutput, scratch.path() / "x");
  const std::string file = read_file(scratch.path() / "x");
  const auto frames = seek_table(file);
  REQUIRE(frames.size() == 5);
  CHECK(frames[0].second == 128 << 20);
  CHECK(frames[1].second == 128 << 20);
  CHECK(frames[2].second == 32 << 20);
  CHECK(frames[3].second == 4 << 20);
  CHECK(frames[4].second == 8 << 20);
  CHECK(file.size() < 16 << 10);
  CHECK((unpacked(file, 300 << 20) == read_file(disk.path())));
}

TEST_CASE("frames of zeros of every length unpack to them") {
  ZstdFrames frames(3);
  for (const std::uint64_t size :
       {1ULL, 512ULL, (1ULL << 20) - 1, 1ULL << 20, (5ULL << 20) + 512}) {
    CHECK(is_zero(unpacked(frames.compress_zeros(size), size)));
  }
}

TEST_CASE("a compressed raw image is the same to the bit however many threads made it") {
  const test::ScratchFolder scratch;
  const auto disk = test::mixed_disk(scratch.path() / "disk", 40 << 20);
  std::string first;
  for (const unsigned threads : {1U, 2U, 7U}) {
    export_file(disk, kOutput, scratch.path() / "x", threads);
    const std::string digest = sha256_file(scratch.path() / "x");
    if (first.empty()) first = digest;
    CHECK(digest == first);
  }
}
