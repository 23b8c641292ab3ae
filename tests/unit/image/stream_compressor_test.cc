#include "composer/image/stream_compressor.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <zlib.h>
#include <zstd.h>

#include "composer/error.h"

#include "tests/unit/image/sparse_disk.h"

using namespace composer;
using namespace composer::image;

namespace {

std::string compressed(Compression compression, std::string_view text, unsigned threads,
                       std::size_t cut = 100'000) {
  std::string out;
  const auto compressor =
      make_stream_compressor(compression, threads, [&](std::string_view bytes) { out += bytes; });
  for (std::size_t at = 0; at < text.size(); at += cut) compressor->write(text.substr(at, cut));
  compressor->finish();
  return out;
}

std::string gunzip(const std::string& bytes, std::size_t size) {
  std::string text(size + 1, '\0');
  z_stream stream{};
  REQUIRE(inflateInit2(&stream, 15 + 16) == Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(text.data());
  stream.avail_out = static_cast<uInt>(text.size());
  // The end of the one member, its checksum and its size right, and nothing after it.
  CHECK(inflate(&stream, Z_FINISH) == Z_STREAM_END);
  CHECK(stream.avail_in == 0);
  text.resize(stream.total_out);
  inflateEnd(&stream);
  return text;
}

std::string unzstd(const std::string& bytes, std::size_t size) {
  std::string text(size, '\0');
  REQUIRE(ZSTD_findFrameCompressedSize(bytes.data(), bytes.size()) == bytes.size());
  const std::size_t n = ZSTD_decompress(text.data(), text.size(), bytes.data(), bytes.size());
  REQUIRE_FALSE(ZSTD_isError(n));
  text.resize(n);
  return text;
}

}  // namespace

TEST_CASE("gzip of every size is one member that unpacks to what went in") {
  // Around the pieces of 512 KiB, and none at all.
  for (const std::size_t size : {0UL, 1UL, 524287UL, 524288UL, 524289UL, 1048576UL, 3'000'001UL}) {
    const std::string text = test::prose(size, size + 1);
    const std::string bytes = compressed(Compression::gzip, text, 3);
    CHECK((gunzip(bytes, size) == text));
    CHECK(bytes.substr(0, 10) == std::string("\x1f\x8b\x08\0\0\0\0\0\0\x03", 10));
    if (size > 1000) CHECK(bytes.size() < size);
  }
  const std::string random = test::noise(2'000'000, 7);
  CHECK((gunzip(compressed(Compression::gzip, random, 2), random.size()) == random));
}

TEST_CASE("gzip matches reach into the piece before") {
  // 32 KiB of noise again and again: nothing but matches 32 KiB back, over the borders too.
  const std::string block = test::noise(32'000, 5);
  std::string text;
  while (text.size() < 2'000'000) text += block;
  CHECK(compressed(Compression::gzip, text, 2).size() < 60'000);
}

TEST_CASE("zstd is one frame that unpacks to what went in") {
  for (const std::size_t size : {0UL, 1UL, 1'000'000UL, 40'000'000UL}) {
    const std::string text = test::prose(size, 3);
    CHECK((unzstd(compressed(Compression::zstd, text, 2), size) == text));
  }
}

TEST_CASE("neither the number of threads nor how the stream is cut changes a byte") {
  const std::string text = test::prose(20'000'000, 4);
  for (const Compression compression : {Compression::gzip, Compression::zstd, Compression::none}) {
    const std::string one = compressed(compression, text, 1);
    CHECK((compressed(compression, text, 2) == one));
    CHECK((compressed(compression, text, 7) == one));
    CHECK((compressed(compression, text, 2, 7'777'777) == one));
    CHECK((compressed(compression, text, 3, 4096) == one));
  }
}

TEST_CASE("what the sink throws comes out") {
  const Compression compression = GENERATE(Compression::gzip, Compression::zstd, Compression::none);
  int calls = 0;  // The first has gzip's header.
  const auto compressor = make_stream_compressor(compression, 2, [&](std::string_view) {
    if (++calls > 1) throw Error(ErrorKind::build, "the disk is full");
  });
  const std::string text = test::noise(8'000'000, 1);
  const auto all = [&] {
    for (int i = 0; i < 10; ++i) compressor->write(text);
    compressor->finish();
  };
  CHECK_THROWS_WITH(all(), "the disk is full");
}
