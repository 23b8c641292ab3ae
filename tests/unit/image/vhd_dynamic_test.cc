#include "composer/image/vhd_dynamic.h"

#include <catch2/catch.hpp>

#include "composer/base/checksum.h"
#include "composer/image/vhd_footer.h"

#include "tests/support/scratch_folder.h"
#include "tests/unit/image/exported_file.h"

using namespace composer;
using namespace composer::image;

namespace {

const PlannedOutput kOutput{OutputFormat::vhd, Compression::none, "x.vhd"};

std::string hex(const std::string& bytes, std::size_t at, std::size_t count) {
  return to_hex(std::string_view(bytes).substr(at, count));
}

}  // namespace

TEST_CASE("the dynamic disk header is exact") {
  const std::string header = encode_vhd_dynamic_header(1536, 2560);
  REQUIRE(header.size() == 1024);
  CHECK(hex(header, 0, 40) ==
        "6378737061727365"  // cxsparse
        "ffffffffffffffff"  // data offset: nothing follows
        "0000000000000600"  // table offset
        "00010000"          // header version
        "00000a00"          // 2560 blocks: 5 GiB
        "00200000"          // of 2 MiB
        "fffff46d");        // checksum
  CHECK(header.substr(40) == std::string(984, '\0'));
}

TEST_CASE("the dynamic VHD of the worked example is exact") {
  const test::ScratchFolder scratch;
  test::SparseDisk disk(scratch.path() / "disk", 9 << 20);
  disk.write(0, std::string(4096, 'a')).write((9 << 20) - 512, std::string(512, 'z'));
  export_file(disk, kOutput, scratch.path() / "x.vhd");
  const std::string file = read_file(scratch.path() / "x.vhd");
  const std::string footer = planned_dynamic_vhd_footer(test::plan_for_export(), MiB(9));
  const std::string full(512, '\xff');
  REQUIRE(file.size() == 0x402000 + 512);
  CHECK((file.substr(0, 512) == footer));
  CHECK((file.substr(512, 1024) == encode_vhd_dynamic_header(1536, 5)));
  CHECK(hex(file, 1536, 20) == "00000007ffffffffffffffffffffffff0000100f");
  CHECK((file.substr(1556, 492) == std::string(492, '\xff')));
  // Block 0: its bitmap, then its data from a multiple of 4096 on.
  CHECK((file.substr(0xe00, 512) == full));
  CHECK((file.substr(0x1000, 4096) == std::string(4096, 'a')));
  // Block 4, of which the disk has the first half.
  CHECK((file.substr(0x201e00, 512) == full));
  CHECK((file.substr(0x202000 + (1 << 20) - 512, 512) == std::string(512, 'z')));
  CHECK(is_zero(std::string_view(file).substr(0x202000 + (1 << 20), 1 << 20)));
  CHECK((file.substr(0x402000) == footer));
}

TEST_CASE("an empty disk has a table that says so, and a footer at both ends") {
  const test::ScratchFolder scratch;
  const test::SparseDisk disk(scratch.path() / "disk", 1 << 20);
  export_file(disk, kOutput, scratch.path() / "x.vhd");
  const std::string file = read_file(scratch.path() / "x.vhd");
  const std::string footer = planned_dynamic_vhd_footer(test::plan_for_export(), MiB(1));
  CHECK((file == footer + encode_vhd_dynamic_header(1536, 1) + std::string(512, '\xff') + footer));
  CHECK(hex(footer, 16, 8) == "0000000000000200");
  CHECK(hex(footer, 60, 4) == "00000003");
}

TEST_CASE("a dynamic VHD is the same to the bit however many threads made it") {
  const test::ScratchFolder scratch;
  const auto disk = test::mixed_disk(scratch.path() / "disk", 40 << 20);
  std::string first;
  for (const unsigned threads : {1U, 2U, 7U}) {
    export_file(disk, kOutput, scratch.path() / "x.vhd", threads);
    const std::string digest = sha256_file(scratch.path() / "x.vhd");
    if (first.empty()) first = digest;
    CHECK(digest == first);
  }
}

TEST_CASE("the fixed and the dynamic VHD of one plan are two disks") {
  const Plan plan = test::plan_for_export();
  CHECK(planned_vhd_footer(plan, MiB(1)).substr(68, 16) !=
        planned_dynamic_vhd_footer(plan, MiB(1)).substr(68, 16));
}
