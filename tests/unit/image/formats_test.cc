#include "composer/image/formats.h"

#include <catch2/catch.hpp>
#include <set>

#include "composer/error.h"
#include "composer/image/root_formats.h"

using namespace composer;
using namespace composer::image;

namespace {

/// Fails to compile (-Wswitch) when a format is added, which is when one of the lists below must
/// grow.
constexpr std::size_t position(OutputFormat format) {
  switch (format) {
    case OutputFormat::raw:
      return 0;
    case OutputFormat::vhd_fixed:
      return 1;
    case OutputFormat::qcow2:
      return 2;
    case OutputFormat::directory:
      return 0;
    case OutputFormat::tar:
      return 1;
  }
  return SIZE_MAX;
}
constexpr std::array kAll{OutputFormat::raw, OutputFormat::vhd_fixed, OutputFormat::qcow2};
constexpr std::array kAllOfRoot{OutputFormat::directory, OutputFormat::tar};

void check(OutputFormat format, Compression compression, std::string name, Bytes size) {
  check_output({format, compression, std::move(name)}, size);
}

}  // namespace

TEST_CASE("the table has one complete row for each format that is made of a disk") {
  REQUIRE(kFormats.size() == kAll.size());
  std::set<std::string_view> names, extensions;
  for (const OutputFormat format : kAll) {
    const Format& row = format_of(format);
    CHECK(&row == &kFormats.at(position(format)));
    CHECK(row.format == format);
    CHECK(names.insert(row.name).second);
    CHECK(extensions.insert(row.extension).second);
    CHECK(row.extension.starts_with('.'));
    CHECK(row.size_grain.count >= 512);
    CHECK(row.size_limit.count > 0);
    CHECK(row.write != nullptr);
    CHECK(is_made_of_disk(format));
  }
}

TEST_CASE("the other table has one complete row for each format that is made of the root") {
  REQUIRE(kRootFormats.size() == kAllOfRoot.size());
  std::set<std::string_view> extensions;
  for (const OutputFormat format : kAllOfRoot) {
    const RootFormat& row = root_format_of(format);
    CHECK(&row == &kRootFormats.at(position(format)));
    CHECK(row.format == format);
    CHECK(row.name == to_text(format));
    CHECK(extensions.insert(row.extension).second);
    CHECK(row.extension.starts_with('.'));
    CHECK((row.write_file == nullptr) != (row.write_directory == nullptr));
    CHECK_FALSE(is_made_of_disk(format));
  }
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
                    "'raw' images are never compressed");
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
