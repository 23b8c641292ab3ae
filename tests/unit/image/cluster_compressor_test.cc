#include "composer/image/cluster_compressor.h"

#include <catch2/catch.hpp>
#include <zlib.h>
#include <zstd.h>

#include "tests/unit/image/sparse_disk.h"

using namespace composer;
using namespace composer::image;

namespace {

constexpr std::size_t kCluster = 65536;

std::string compressed(ClusterCompressor& compressor, const std::string& cluster) {
  std::string out(kCluster, '\0');
  out.resize(compressor.compress(cluster, out));
  return out;
}

/// Inflates in small steps, so that zlib must go through its window of 4 KiB and matches that reach
/// further back are an error, as a strict reader would have it.
std::string inflate_strictly(const std::string& bytes) {
  z_stream stream{};
  REQUIRE(inflateInit2(&stream, -12) == Z_OK);
  std::string in = bytes, out, step(100, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  int status = Z_OK;
  while (status == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(step.data());
    stream.avail_out = static_cast<uInt>(step.size());
    status = inflate(&stream, Z_NO_FLUSH);
    out.append(step, 0, step.size() - stream.avail_out);
  }
  inflateEnd(&stream);
  CHECK(status == Z_STREAM_END);
  return out;
}

}  // namespace

TEST_CASE("a zlib cluster is raw deflate that a reader with a window of 4 KiB can read") {
  ClusterCompressor compressor(Compression::zlib);
  // The same noise 30 KiB later: a larger window would refer back to it.
  const std::string repeated =
      test::noise(8192, 1) + std::string(22 << 10, 'a') + test::noise(8192, 1);
  for (std::string cluster : {test::prose(kCluster, 7), repeated, std::string(kCluster, 'q')}) {
    cluster.resize(kCluster);
    const std::string bytes = compressed(compressor, cluster);
    CHECK(bytes.size() > 0);
    CHECK(bytes.size() < kCluster / 2);
    CHECK((inflate_strictly(bytes) == cluster));
  }
}

TEST_CASE("a zstd cluster is one frame") {
  ClusterCompressor compressor(Compression::zstd);
  for (const std::string& cluster : {test::prose(kCluster, 7), std::string(kCluster, 'q')}) {
    const std::string bytes = compressed(compressor, cluster);
    CHECK(bytes.size() < kCluster / 2);
    CHECK(ZSTD_findFrameCompressedSize(bytes.data(), bytes.size()) == bytes.size());
    std::string out(kCluster, '\0');
    CHECK(ZSTD_decompress(out.data(), out.size(), bytes.data(), bytes.size()) == kCluster);
    CHECK((out == cluster));
  }
}

TEST_CASE("what does not shrink is said not to fit, and does not spoil what comes next") {
  const Compression compression = GENERATE(Compression::zlib, Compression::zstd);
  ClusterCompressor compressor(compression), fresh(compression);
  std::string out(kCluster - 4096, '\0');
  CHECK(compressor.compress(test::noise(kCluster, 3), out) == 0);
  const std::string text = test::prose(kCluster, 9);
  CHECK((compressed(compressor, text) == compressed(fresh, text)));
}

TEST_CASE("without compression nothing fits") {
  ClusterCompressor compressor(Compression::none);
  std::string out(kCluster, '\0');
  CHECK(compressor.compress(std::string(kCluster, 'a'), out) == 0);
}
