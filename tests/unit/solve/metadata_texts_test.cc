#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "composer/error.h"
#include "composer/solve/repomd.h"

using namespace composer::solve;

namespace {

const std::string kSha(64, 'a');

std::string data(std::string_view type, std::string_view location,
                 std::string_view checksum_type = "sha256", std::string_view checksum = kSha,
                 std::string_view size = "10", std::string_view more = "") {
  return fmt::format(
      "<data type=\"{}\"><checksum type=\"{}\">{}</checksum>"
      "<open-checksum type=\"sha256\">ffff</open-checksum><location {} href=\"{}\"/>"
      "<size>{}</size><open-size>100</open-size></data>",
      type, checksum_type, checksum, more, location, size);
}

Repomd parse(const std::string& inside) {
  return parse_repomd("<?xml version=\"1.0\"?><repomd xmlns=\"x\">" + inside + "</repomd>", "URL");
}

}  // namespace

TEST_CASE("a repomd.xml names files with checksum, size and location") {
  const Repomd repomd =
      parse(data("primary", "repodata/p.xml.gz") + data("other", "o", "md5", "1") +
            data("primary_db", "x", "sha") + data("primary_zck", "z"));
  REQUIRE(repomd.files.size() == 1);
  const MetadataFile* primary = repomd.find("primary");
  REQUIRE(primary != nullptr);
  CHECK(primary->location == "repodata/p.xml.gz");
  CHECK(primary->checksum.hex == kSha);
  CHECK(primary->size == 10);
  CHECK(primary->open_size == 100);
  CHECK(repomd.find("filelists") == nullptr);
}

TEST_CASE("the compressed group file goes before the plain one") {
  const Repomd repomd =
      parse(data("primary", "p") + data("group", "c.xml") + data("group_gz", "c.xml.gz"));
  CHECK(repomd.find("group")->location == "c.xml.gz");
}

TEST_CASE("weak and malformed checksums of metadata are refused") {
  CHECK_THROWS_WITH(parse(data("primary", "p", "sha1", std::string(40, 'a'))),
                    "cannot use 'URL': its entry 'primary' has only a sha1 checksum, which is too "
                    "weak to trust");
  CHECK_THROWS_WITH(parse(data("primary", "p", "sha256", "../../x")),
                    "cannot use 'URL': its entry 'primary' has a malformed checksum");
}

TEST_CASE("metadata outside of the repository is refused") {
  for (const char* location : {"../p", "/p", "a/../../p", "a//p", "./p", "http://x/p", "a/p?x"}) {
    INFO(location);
    CHECK_THROWS_WITH(parse(data("primary", location)),
                      "cannot use 'URL': its entry 'primary' has a location outside of the "
                      "repository");
  }
  CHECK_THROWS(parse(data("primary", "p", "sha256", kSha, "10", "xml:base=\"http://evil\"")));
}

TEST_CASE("sizes that cannot be true are refused") {
  for (const char* size : {"", "-1", "99999999999999999999", "8589934592", "1x"}) {
    INFO(size);
    CHECK_THROWS_WITH(parse(data("primary", "p", "sha256", kSha, size)),
                      "cannot use 'URL': its entry 'primary' has no size that could be true");
  }
}

TEST_CASE("what is no repomd.xml is refused") {
  CHECK_THROWS_WITH(parse_repomd("<html></html>", "URL"), "'URL' is not a repomd.xml");
  CHECK_THROWS_WITH(parse(""), "'URL' names no primary metadata");
  CHECK_THROWS_WITH(parse_repomd("", "URL"), "cannot read 'URL': line 1: no element found");
}

TEST_CASE("modules are noticed") {
  CHECK(parse(data("primary", "p") + data("modules", "m")).modular);
}

TEST_CASE("safe locations are plain relative paths") {
  CHECK(is_safe_location("Packages/a/a-1:2-3.x86_64.rpm"));
  CHECK(is_safe_location("a..b/...c"));
  CHECK_FALSE(is_safe_location(""));
  CHECK_FALSE(is_safe_location("a/"));
  CHECK_FALSE(is_safe_location("a\nb"));
  CHECK_FALSE(is_safe_location(std::string(2000, 'a')));
}
