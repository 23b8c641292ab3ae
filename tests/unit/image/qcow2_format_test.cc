#include "composer/image/qcow2_format.h"

#include <catch2/catch.hpp>

#include "composer/base/checksum.h"

using namespace composer;
using namespace composer::image::qcow2;

TEST_CASE("the header of an uncompressed image is exact") {
  const std::string header = encode({GiB(5).count, 0x10000, 0x30000, 1, Compression::none});
  CHECK(to_hex(header) ==
        "514649fb"
        "00000003"  // magic, version
        "0000000000000000"
        "00000000"          // backing file: none
        "00000010"          // cluster bits
        "0000000140000000"  // size
        "00000000"          // encryption: none
        "0000000a"
        "0000000000010000"  // L1: ten entries, offset
        "0000000000030000"
        "00000001"  // refcount table: offset, clusters
        "00000000"
        "0000000000000000"  // snapshots: none
        "0000000000000000"  // incompatible features
        "0000000000000000"
        "0000000000000000"  // compatible, autoclear
        "00000004"          // refcount order
        "00000070"          // header length
        "00"
        "00000000000000"  // compression type, padding
        "00000000"
        "00000000");  // end of extensions
}

TEST_CASE("zlib needs no feature bit, zstd is bit 3 with type 1 and its name") {
  const Header header{MiB(1).count, 0x10000, 0x20000, 1, Compression::zlib};
  Header zstd = header;
  zstd.compression = Compression::zstd;
  CHECK(to_hex(encode(header)).substr(144, 16) == "0000000000000000");
  CHECK(encode(header)[104] == 0);
  const std::string bytes = encode(zstd);
  CHECK(to_hex(bytes).substr(144, 16) == "0000000000000008");
  CHECK(bytes[104] == 1);
  CHECK(to_hex(bytes.substr(112, 10)) ==
        "6803f857"
        "00000030"
        "00"
        "03");
  CHECK(bytes.substr(122, 16) == "compression type");
  CHECK(bytes.substr(138) == std::string(30 + 8, '\0'));
  // Each extension is padded to eight bytes.
  CHECK(bytes.size() % 8 == 0);
}

TEST_CASE("an L1 entry maps 512 MiB, and a part of that needs one too") {
  CHECK(l1_entries(512) == 1);
  CHECK(l1_entries(MiB(512).count) == 1);
  CHECK(l1_entries(MiB(512).count + 512) == 2);
  CHECK(l1_entries(TiB(64).count) == 131072);
}

TEST_CASE("a compressed entry counts the sectors beyond the one it begins in") {
  const std::uint64_t flag = 1ULL << 62;
  CHECK(compressed_entry(0x50000, 1) == (flag | 0x50000));
  CHECK(compressed_entry(0x50000, 512) == (flag | 0x50000));
  CHECK(compressed_entry(0x50000, 513) == (flag | 1ULL << 54 | 0x50000));
  CHECK(compressed_entry(0x501ff, 1) == (flag | 0x501ff));
  CHECK(compressed_entry(0x501ff, 2) == (flag | 1ULL << 54 | 0x501ff));
  // The worst: a whole cluster but one byte that begins at the last byte of a sector.
  CHECK(compressed_entry(0x501ff, 65535) == (flag | 128ULL << 54 | 0x501ff));
}
