#include "composer/solve/repository_source.h"

#include <catch2/catch.hpp>

#include "composer/error.h"
#include "composer/host/download.h"

using namespace composer;
using namespace composer::solve;

namespace {

Blueprint blueprint(bool with_releasever) {
  Blueprint b;
  b.path = "/blueprints/vm.yaml";
  b.arch.value = Architecture::x86_64;
  if (with_releasever) b.releasever = Located<std::string>{"4.0", {}};
  return b;
}

Located<std::string> at_line(std::string value) {
  auto source = std::make_shared<SourceText>();
  source->name = "vm.yaml";
  source->text = "baseurl: " + value + "\n";
  const int length = static_cast<int>(value.size());
  return {std::move(value), Span{source, 1, 10, length}};
}

std::string url_of(const std::string& text, bool with_releasever = true) {
  try {
    return absolute_url(at_line(text), blueprint(with_releasever));
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::usage);
    return error.to_text();
  }
}

}  // namespace

TEST_CASE("variables are replaced, with and without braces") {
  CHECK(url_of("https://x/$releasever/${basearch}/$arch/") == "https://x/4.0/x86_64/x86_64");
}

TEST_CASE("an unset releasever is an error at its place") {
  CHECK(url_of("https://x/$releasever", false) ==
        "vm.yaml:1:10: error: '$releasever' is used, but the blueprint has no 'releasever'\n"
        "    baseurl: https://x/$releasever\n"
        "             ^~~~~~~~~~~~~~~~~~~~~\n"
        "  hint: add a line like `releasever: \"4.0\"`\n");
}

TEST_CASE("an unknown variable and a lone dollar sign are errors") {
  CHECK(url_of("https://x/$relver").starts_with("vm.yaml:1:10: error: unknown variable '$relver'"));
  CHECK(url_of("https://x/$")
            .starts_with("vm.yaml:1:10: error: '$' without a variable's name in 'https://x/$'"));
  CHECK(url_of("https://x/${arch").starts_with("vm.yaml:1:10: error: '$' without a variable's"));
}

TEST_CASE("a path counts from the folder of the file that wrote it") {
  const auto url_in = [](const std::string& file, const std::string& text) {
    Located<std::string> path = at_line(text);
    path.at.source = std::make_shared<SourceText>(SourceText{file, path.at.source->text});
    return absolute_url(path, blueprint(true));
  };
  CHECK(url_in("/blueprints/vm.yaml", "../lab/") == "file:///lab");
  CHECK(url_in("/blueprints/vm.yaml", "/srv/my repo") == "file:///srv/my%20repo");
  CHECK(url_in("/blueprints/vm.yaml", "keys/$basearch.asc") ==
        "file:///blueprints/keys/x86_64.asc");
  CHECK(url_in("/shared/parts/base.yaml", "../keys/base.asc") == "file:///shared/keys/base.asc");
  CHECK(absolute_url({"../lab", {}}, blueprint(true)) == "file:///lab");
}

TEST_CASE("a scheme that we do not fetch is refused") {
  CHECK(url_of("ftp://x/y")
            .starts_with("vm.yaml:1:10: error: cannot fetch 'ftp://x/y': unknown scheme 'ftp'"));
  CHECK(url_of("file://host/y")
            .starts_with("vm.yaml:1:10: error: 'file://host/y' names no absolute path"));
}

TEST_CASE("a password in a URL is refused") {
  CHECK(url_of("https://me:secret@x/y")
            .starts_with(
                "vm.yaml:1:10: error: a user name or password in a URL would end up in the plan"));
}

TEST_CASE("a mirror list has one URL in each line") {
  CHECK(parse_mirrorlist("# comment\n\n  https://a/x/ \r\nhttp://b/y\nftp://c\nnonsense\n",
                         "https://list") == std::vector<std::string>{"https://a/x", "http://b/y"});
}

TEST_CASE("a mirror list from the network cannot name local files") {
  CHECK_THROWS_WITH(parse_mirrorlist("file:///etc\n", "https://list"),
                    "the mirror list 'https://list' names no mirror");
  CHECK(parse_mirrorlist("file:///srv/repo\n", "file:///list") ==
        std::vector<std::string>{"file:///srv/repo"});
}

namespace {

constexpr std::string_view kMetalink = R"(<?xml version="1.0"?>
<metalink version="3.0" xmlns="http://www.metalinker.org/" xmlns:mm0="http://x/mm0">
 <files><file name="repomd.xml">
  <size>10</size>
  <verification><hash type="md5">00</hash>
   <hash type="sha256">aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa</hash>
  </verification>
  <mm0:alternates><mm0:alternate><verification>
   <hash type="sha256">bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb</hash>
  </verification></mm0:alternate></mm0:alternates>
  <resources maxconnections="1">
   <url protocol="rsync" preference="100">rsync://m/r/repodata/repomd.xml</url>
   <url protocol="http" preference="90">http://low/r/repodata/repomd.xml</url>
   <url protocol="http" preference="95">http://plain/r/repodata/repomd.xml</url>
   <url protocol="https" preference="95">https://safe/r/repodata/repomd.xml</url>
  </resources>
 </file></files>
</metalink>)";

}  // namespace

TEST_CASE("a metalink gives mirrors, best first, and the checksums of repomd.xml") {
  const Metalink metalink = parse_metalink(kMetalink, "https://ml");
  CHECK(metalink.baseurls ==
        std::vector<std::string>{"https://safe/r", "http://plain/r", "http://low/r"});
  REQUIRE(metalink.checksums.size() == 2);
  CHECK(metalink.checksums[0].hex == std::string(64, 'a'));
  CHECK(metalink.checksums[1].hex == std::string(64, 'b'));
  CHECK(looks_like_metalink(kMetalink));
}

TEST_CASE("a metalink without a strong checksum is refused") {
  std::string text(kMetalink);
  for (auto at = text.find("sha256"); at != std::string::npos; at = text.find("sha256")) {
    text.replace(at, 6, "sha1");
  }
  CHECK_THROWS_WITH(parse_metalink(text, "https://ml"),
                    "the metalink 'https://ml' has no strong checksum of repomd.xml");
}

TEST_CASE("a location is encoded in a URL as its scheme needs it") {
  CHECK(host::join_url("https://x/r/", "P/a+b c^1.rpm") == "https://x/r/P/a%2Bb%20c%5E1.rpm");
  CHECK(host::join_url("https://x/r", "P/a%2Bb.rpm") == "https://x/r/P/a%2Bb.rpm");
  CHECK(host::join_url("file:///r", "P/a%2Bb.rpm") == "file:///r/P/a%252Bb.rpm");
  CHECK(host::local_path("file:///r/P/a%252Bb.rpm") == std::filesystem::path("/r/P/a%2Bb.rpm"));
}
