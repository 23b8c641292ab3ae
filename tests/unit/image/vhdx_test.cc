#include <catch2/catch.hpp>
#include <sys/stat.h>

#include "composer/base/checksum.h"
#include "composer/image/crc32c.h"
#include "composer/image/vhdx_format.h"
#include "composer/plan/identity.h"

#include "tests/support/scratch_folder.h"
#include "tests/unit/image/exported_file.h"

using namespace composer;
using namespace composer::image;

namespace {

constexpr std::string_view kId = "12345678-9abc-8def-8123-456789abcdef";

vhdx::Parameters parameters_of(std::uint64_t size) {
  vhdx::Parameters parameters;
  parameters.disk_size = size;
  parameters.block_size = vhdx::block_size_for(size);
  parameters.disk_id = parameters.file_write_id = parameters.data_write_id = kId;
  return parameters;
}

std::string hex(const std::string& bytes, std::size_t at, std::size_t count) {
  return to_hex(std::string_view(bytes).substr(at, count));
}

/// Whether a structure's checksum, at 4, is that of it with the checksum zero.
bool is_sealed(std::string block) {
  const std::string stored = block.substr(4, 4);
  block.replace(4, 4, 4, '\0');
  std::string expected(4, '\0');
  for (int i = 0; i < 4; ++i) expected[i] = static_cast<char>(crc32c(block) >> 8 * i);
  return stored == expected;
}

}  // namespace

TEST_CASE("a GUID's first three fields are little-endian on disk") {
  CHECK(to_hex(vhdx::guid_bytes(kId)) == "78563412bc9aef8d8123456789abcdef");
}

TEST_CASE("blocks grow with the disk, so that the table does not") {
  CHECK(vhdx::block_size_for(512) == 1 << 20);
  CHECK(vhdx::block_size_for(TiB(2).count) == 1 << 20);
  CHECK(vhdx::block_size_for(TiB(2).count + 512) == 2 << 20);
  CHECK(vhdx::block_size_for(TiB(64).count) == 32 << 20);
  CHECK(parameters_of(TiB(64).count).bat_size() == 17 << 20);
  CHECK(parameters_of(TiB(2).count).bat_size() == 17 << 20);
  CHECK(parameters_of(512).bat_size() == 1 << 20);
}

TEST_CASE("after each chunk of blocks the table has the entry of a bitmap that nobody uses") {
  const vhdx::Parameters small = parameters_of(GiB(5).count);
  CHECK(small.chunk_ratio() == 4096);
  CHECK(small.bat_index(0) == 0);
  CHECK(small.bat_index(4095) == 4095);
  CHECK(small.bat_index(4096) == 4097);
  CHECK(small.bat_index(8192) == 8194);
  const vhdx::Parameters large = parameters_of(TiB(64).count);
  CHECK(large.chunk_ratio() == 128);
  CHECK(large.bat_index(127) == 127);
  CHECK(large.bat_index(128) == 129);
  vhdx::Parameters wide = small;
  wide.logical_sector = wide.physical_sector = 4096;
  CHECK(wide.chunk_ratio() == 32768);
}

TEST_CASE("the header says that there is no log to replay") {
  const std::string header = vhdx::encode_header(parameters_of(GiB(5).count), 2);
  REQUIRE(header.size() == 4096);
  CHECK(header.substr(0, 4) == "head");
  CHECK(is_sealed(header));
  CHECK(hex(header, 8, 72) ==
        "0200000000000000"                  // sequence number
        "78563412bc9aef8d8123456789abcdef"  // file write GUID
        "78563412bc9aef8d8123456789abcdef"  // data write GUID
        "00000000000000000000000000000000"  // log GUID
        "00000100"                          // log version 0, version 1
        "00001000"                          // 1 MiB of log
        "0000100000000000");                // at 1 MiB
  CHECK(header.substr(80) == std::string(4016, '\0'));
}

TEST_CASE("the region table has the block allocation table and the metadata") {
  const std::string table = vhdx::encode_region_table(parameters_of(GiB(5).count));
  REQUIRE(table.size() == 65536);
  CHECK(table.substr(0, 4) == "regi");
  CHECK(is_sealed(table));
  CHECK(hex(table, 8, 72) ==
        "0200000000000000"
        "6677c22d23f600429d64115e9bfd4a08"
        "0000300000000000"
        "00001000"
        "01000000"
        "06a27c8b90479a4bb8fe575f050f886e"
        "0000200000000000"
        "00001000"
        "01000000");
  CHECK(table.substr(80) == std::string(65536 - 80, '\0'));
}

TEST_CASE("the metadata says the disk's size, its sectors, its blocks and its id") {
  const std::string metadata = vhdx::encode_metadata(parameters_of(GiB(5).count));
  CHECK(hex(metadata, 0, 32) ==
        "6d65746164617461"
        "0000"
        "0500"
        "0000000000000000000000000000000000000000");
  CHECK(hex(metadata, 32, 32) ==
        "3767a1ca36fa434db3b633f0aa44e76b"
        "00000100"
        "08000000"
        "04000000"
        "00000000");
  CHECK(hex(metadata, 64, 32) ==
        "2442a52f1bcd7648b2115dbed83bf4b8"
        "08000100"
        "08000000"
        "06000000"
        "00000000");
  CHECK(hex(metadata, 96, 32) ==
        "ab12cabee6b2234593efc309e000c746"
        "10000100"
        "10000000"
        "06000000"
        "00000000");
  CHECK(hex(metadata, 128, 32) ==
        "1dbf41816fa90947ba47f233a8faab5f"
        "20000100"
        "04000000"
        "06000000"
        "00000000");
  CHECK(hex(metadata, 160, 32) ==
        "c748a3cd5d4471449cc9e9885251c556"
        "24000100"
        "04000000"
        "06000000"
        "00000000");
  CHECK(hex(metadata, 65536, 40) ==
        "0000100000000000"                  // blocks of 1 MiB, no parent
        "0000004001000000"                  // 5 GiB
        "78563412bc9aef8d8123456789abcdef"  // page 83
        "00020000"
        "00020000");
  CHECK(metadata.size() == 65536 + 40);
}

TEST_CASE("the VHDX of the worked example is exact") {
  const test::ScratchFolder scratch;
  test::SparseDisk disk(scratch.path() / "disk", 5 << 20);
  disk.write(1 << 20, std::string(4096, 'a')).write((5 << 20) - 512, std::string(512, 'z'));
  export_file(disk, {OutputFormat::vhdx, Compression::none, "x"}, scratch.path() / "x.vhdx");
  const std::string file = read_file(scratch.path() / "x.vhdx");
  REQUIRE(file.size() == 6 << 20);
  const std::string& seed = test::plan_for_export().identity_seed;
  const std::string id = derived_uuid(seed, "vhdx"),
                    written = derived_uuid(seed, "vhdx-file-write"),
                    data = derived_uuid(seed, "vhdx-data-write");
  vhdx::Parameters parameters = parameters_of(5 << 20);
  parameters.disk_id = id;
  parameters.file_write_id = written;
  parameters.data_write_id = data;
  std::string expected(6 << 20, '\0');
  const auto put = [&](std::size_t at, const std::string& bytes) {
    expected.replace(at, bytes.size(), bytes);
  };
  put(0, vhdx::encode_identifier());
  put(64 << 10, vhdx::encode_header(parameters, 1));
  put(128 << 10, vhdx::encode_header(parameters, 2));
  put(192 << 10, vhdx::encode_region_table(parameters));
  put(256 << 10, vhdx::encode_region_table(parameters));
  put(2 << 20, vhdx::encode_metadata(parameters));
  put((3 << 20) + 8, std::string("\x06\0\x40\0\0\0\0\0", 8));
  put((3 << 20) + 32, std::string("\x06\0\x50\0\0\0\0\0", 8));
  put(4 << 20, std::string(4096, 'a'));
  put((6 << 20) - 512, std::string(512, 'z'));
  CHECK((file == expected));
  CHECK(hex(file, 0, 20) ==
        "7668647866696c65"
        "69006d006100670065002d00");
}

TEST_CASE("a sector size of 512e is 4096 bytes inside, and one of 4kn everywhere") {
  const test::ScratchFolder scratch;
  const test::SparseDisk disk(scratch.path() / "disk", 5 << 20);
  const auto sectors = [&](SectorSize size) {
    export_file(disk, {OutputFormat::vhdx, Compression::none, "x", size}, scratch.path() / "x");
    return hex(read_file(scratch.path() / "x"), (2 << 20) + 65536 + 32, 8);
  };
  CHECK(sectors(SectorSize::native_512) == "0002000000020000");
  CHECK(sectors(SectorSize::emulated_512) == "0002000000100000");
  CHECK(sectors(SectorSize::native_4096) == "0010000000100000");
}

TEST_CASE("a VHDX is the same to the bit however many threads made it") {
  const test::ScratchFolder scratch;
  const auto disk = test::mixed_disk(scratch.path() / "disk", 40 << 20);
  std::string first;
  for (const unsigned threads : {1U, 2U, 7U}) {
    export_file(disk, {OutputFormat::vhdx, Compression::none, "x"}, scratch.path() / "x", threads);
    const std::string digest = sha256_file(scratch.path() / "x");
    if (first.empty()) first = digest;
    CHECK(digest == first);
  }
}
