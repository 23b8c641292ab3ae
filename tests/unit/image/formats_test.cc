#include "composer/image/formats.h"

#include <catch2/catch.hpp>
#include <vector>

#include "composer/error.h"
#include "composer/image/root_formats.h"

using namespace composer;
using namespace composer::image;

namespace {

// output_format.cc is checked at compile time to have a row for each OutputFormat.
std::vector<OutputFormat> formats_where(bool of_disk) {
  std::vector<OutputFormat> formats;
  for (int i = 0; i <= static_cast<int>(OutputFormat::kernel); ++i) {
    const auto format = static_cast<OutputFormat>(i);
    if (is_made_of_disk(format) == of_disk) formats.push_back(format);
  }
  return formats;
}

void check(OutputFormat format, Compression compression, std::string name, Bytes size) {
  check_output({format, compression, std::move(name)}, size);
}

}  // namespace

TEST_CASE("the table has one complete row for each format that is made of a disk") {
  const std::vector<OutputFormat> all = formats_where(true);
  REQUIRE(kFormats.size() == all.size());
  for (const OutputFormat format : all) {
    const Format& row = format_of(format);
    CHECK(row.format == format);
    CHECK(row.size_grain.count >= 512);
    CHECK(row.size_limit.count > 0);
    CHECK(row.write != nullptr);
  }
}

TEST_CASE("the other table has one complete row for each format that is made of the root") {
  const std::vector<OutputFormat> all = formats_where(false);
  REQUIRE(kRootFormats.size() == all.size());
  for (const OutputFormat format : all) {
    const RootFormat& row = root_format_of(format);
    CHECK(row.format == format);
    CHECK((row.write_file == nullptr) != (row.write_directory == nullptr));
    CHECK((row.write_directory != nullptr) == facts_of(format).is_directory);
  }
}

TEST_CASE("every format has an extension and a compression that it has when none is asked for") {
  for (const bool of_disk : {true, false}) {
    for (const OutputFormat format : formats_where(of_disk)) {
      const OutputFormatFacts& facts = facts_of(format);
      CHECK(facts.format == format);
      CHECK(facts.extension.starts_with('.'));
      CHECK_FALSE(facts.compressions.empty());
    }
  }
  CHECK(extension_of(OutputFormat::raw, Compression::none) == ".raw");
  CHECK(extension_of(OutputFormat::raw, Compression::zstd) == ".raw.zst");
  CHECK(extension_of(OutputFormat::qcow2, Compression::zstd) == ".qcow2");
}

TEST_CASE("a compressed raw image is not the disk itself") {
  const Format& raw = format_of(OutputFormat::raw);
  CHECK(raw.is_disk_itself({OutputFormat::raw, Compression::none, "x"}));
  CHECK_FALSE(raw.is_disk_itself({OutputFormat::raw, Compression::zstd, "x"}));
  CHECK_FALSE(format_of(OutputFormat::vhd).is_disk_itself({OutputFormat::vhd, {}, "x"}));
}

TEST_CASE("sectors of 4096 bytes are refused where the disk has others, and where none are said") {
  const auto with_sectors = [](OutputFormat format, SectorSize size) {
    check_output({format, Compression::none, "x", size}, MiB(64));
  };
  CHECK_NOTHROW(with_sectors(OutputFormat::vhdx, SectorSize::emulated_512));
  CHECK_THROWS_WITH(with_sectors(OutputFormat::vhdx, SectorSize::native_4096),
                    "cannot write 'x': the disk is laid out in sectors of 512 bytes, and a machine "
                    "that sees sectors of 4096 bytes finds neither its partition table nor its FAT "
                    "filesystems");
  CHECK_THROWS_WITH(with_sectors(OutputFormat::vhd, SectorSize::emulated_512),
                    "'vhd' images do not say how large sectors are");
}

TEST_CASE("a VHD must be a whole number of MiB, and the error says the next size that can be") {
  CHECK_NOTHROW(check(OutputFormat::vhd_fixed, Compression::none, "x.vhd", MiB(1)));
  try {
    check(OutputFormat::vhd_fixed, Compression::none, "x.vhd", MiB(3) + Bytes{512});
    FAIL("not refused");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::usage);
    CHECK(error.to_text() ==
          "error: a disk of 3146240 bytes cannot be a 'vhd-fixed' image: its size must be a whole "
          "number of 1 MiB\n  hint: the next size that can is 4194304 bytes\n");
  }
}

TEST_CASE("a disk beyond the format's end is refused") {
  CHECK_NOTHROW(check(OutputFormat::vhd_fixed, Compression::none, "x.vhd", GiB(2040)));
  CHECK_THROWS_WITH(check(OutputFormat::vhd_fixed, Compression::none, "x.vhd", GiB(2040) + MiB(1)),
                    "a disk of 2088961 MiB cannot be a 'vhd-fixed' image: 2040 GiB is the most");
  CHECK_NOTHROW(check(OutputFormat::vhd, Compression::none, "x.vhd", GiB(2040)));
  CHECK_THROWS_WITH(check(OutputFormat::vhd, Compression::none, "x.vhd", GiB(2040) + Bytes{512}),
                    Catch::EndsWith("cannot be a 'vhd' image: 2040 GiB is the most"));
  CHECK_NOTHROW(check(OutputFormat::vhdx, Compression::none, "x", TiB(64)));
  CHECK_THROWS_WITH(check(OutputFormat::vhdx, Compression::none, "x", TiB(64) + Bytes{512}),
                    Catch::EndsWith("cannot be a 'vhdx' image: 65536 GiB is the most"));
  CHECK_NOTHROW(check(OutputFormat::qcow2, Compression::none, "x", TiB(64)));
  CHECK_THROWS_WITH(check(OutputFormat::qcow2, Compression::none, "x", TiB(64) + MiB(1)),
                    Catch::EndsWith("cannot be a 'qcow2' image: 65536 GiB is the most"));
}

TEST_CASE("an empty disk and one off the sectors are refused") {
  CHECK_THROWS_AS(check(OutputFormat::raw, Compression::none, "x", {0}), Error);
  CHECK_THROWS_AS(check(OutputFormat::raw, Compression::none, "x", {1000}), Error);
  CHECK_THROWS_AS(check(OutputFormat::qcow2, Compression::none, "x", {65537}), Error);
}

TEST_CASE("a compression that the format has not is refused, not ignored") {
  CHECK_THROWS_WITH(check(OutputFormat::vhd_fixed, Compression::zstd, "x.vhd", MiB(1)),
                    "'vhd-fixed' images are never compressed");
  CHECK_THROWS_WITH(check(OutputFormat::raw, Compression::zlib, "x", MiB(1)),
                    "'raw' images are not compressed with 'zlib'");
  CHECK_NOTHROW(check(OutputFormat::raw, Compression::zstd, "x", MiB(1)));
  CHECK_NOTHROW(check(OutputFormat::qcow2, Compression::zlib, "x", MiB(1)));
}

TEST_CASE("a file name that leaves the output directory is refused") {
  for (const std::string& name : {std::string("../x"), std::string("/etc/x"), std::string("."),
                                  std::string(".."), std::string()}) {
    CHECK_THROWS_WITH(check(OutputFormat::raw, Compression::none, name, MiB(1)),
                      "'" + name + "' cannot be the file name of an image");
  }
  CHECK_THROWS_AS(check(OutputFormat::raw, Compression::none, std::string("a\0b", 3), MiB(1)),
                  Error);
}
