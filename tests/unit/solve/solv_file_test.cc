#include "composer/solve/solv_file.h"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "composer/base/file_descriptor.h"
#include "composer/error.h"
#include "composer/solve/subject.h"

#include "../../support/scratch_folder.h"

using namespace composer;
using namespace composer::solve;

namespace {

constexpr std::string_view kPrimary = R"(<?xml version="1.0" encoding="UTF-8"?>
<metadata xmlns="http://linux.duke.edu/metadata/common" xmlns:rpm="http://linux.duke.edu/metadata/rpm" packages="2">
<package type="rpm"><name>zsh</name><arch>x86_64</arch><version epoch="0" ver="5" rel="1"/>
<checksum type="sha256" pkgid="YES">aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa</checksum>
<location href="z.rpm"/><format><rpm:provides><rpm:entry name="zsh" flags="EQ" epoch="0" ver="5" rel="1"/></rpm:provides><file>/usr/bin/zsh</file></format></package>
<package type="rpm"><name>bash</name><arch>x86_64</arch><version epoch="0" ver="5" rel="1"/>
<checksum type="sha256" pkgid="YES">bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb</checksum>
<location href="b.rpm"/><format></format></package>
</metadata>)";

constexpr std::string_view kFilelists = R"(<?xml version="1.0" encoding="UTF-8"?>
<filelists xmlns="http://linux.duke.edu/metadata/filelists" packages="2">
<package pkgid="aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" name="zsh" arch="x86_64"><version epoch="0" ver="5" rel="1"/><file>/usr/bin/zsh</file><file>/usr/share/zsh/x</file></package>
</filelists>)";

StoredMetadata store(const std::filesystem::path& folder, const std::string& name,
                     std::string_view text, std::uint64_t open_size) {
  const auto path = folder / name;
  write_file_atomically(path, text);
  return {path,
          {"primary", name, {HashAlgorithm::sha256, sha256_hex(text)}, text.size(), open_size}};
}

std::string all_with_file(SolvFile file, std::string_view path) {
  std::vector<UniverseSource> sources;
  sources.push_back({{"repo", 99, 1000}, std::move(file)});
  const Universe universe(Architecture::x86_64, std::move(sources));
  std::string out;
  for (const auto id : match_subject(universe, path, MatchForms::all).packages) {
    out += universe.nevra(id) + " ";
  }
  return out;
}

}  // namespace

TEST_CASE("primary metadata becomes a .solv file that loads again") {
  const test::ScratchFolder scratch;
  const auto primary = store(scratch.path(), "primary.xml", kPrimary, kPrimary.size());
  write_solv(primary, nullptr, scratch.path() / "x.solv", "URL");
  auto solv = open_solv(scratch.path() / "x.solv");
  REQUIRE(solv);
  CHECK(solv->names == "bash\nzsh\n");
  CHECK(all_with_file(std::move(*solv), "/usr/bin/zsh") == "zsh-5-1.x86_64 ");
}

TEST_CASE("file lists add the files that primary metadata lacks") {
  const test::ScratchFolder scratch;
  const auto primary = store(scratch.path(), "primary.xml", kPrimary, kPrimary.size());
  const auto filelists = store(scratch.path(), "filelists.xml", kFilelists, kFilelists.size());
  write_solv(primary, nullptr, scratch.path() / "p.solv", "URL");
  write_solv(primary, &filelists, scratch.path() / "f.solv", "URL");
  CHECK(all_with_file(*open_solv(scratch.path() / "p.solv"), "/usr/share/zsh/x").empty());
  CHECK(all_with_file(*open_solv(scratch.path() / "f.solv"), "/usr/share/zsh/x") ==
        "zsh-5-1.x86_64 ");
}

TEST_CASE("a damaged .solv file is not opened, wherever the damage is") {
  const test::ScratchFolder scratch;
  const auto path = scratch.path() / "x.solv";
  write_solv(store(scratch.path(), "primary.xml", kPrimary, kPrimary.size()), nullptr, path, "URL");
  const std::string good = read_file(path);
  for (std::size_t at = 0; at < good.size(); at += 7) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 1);
    write_file_atomically(path, bad);
    INFO(at);
    REQUIRE_FALSE(open_solv(path));
  }
  for (const std::size_t size : {std::size_t{0}, std::size_t{10}, good.size() - 1}) {
    write_file_atomically(path, good.substr(0, size));
    CHECK_FALSE(open_solv(path));
  }
  CHECK_FALSE(open_solv(scratch.path() / "none.solv"));
  CHECK_FALSE(open_solv(scratch.path()));
}

TEST_CASE("metadata that is larger than repomd.xml says is refused") {
  const test::ScratchFolder scratch;
  const auto primary = store(scratch.path(), "primary.xml", kPrimary, kPrimary.size() - 1);
  CHECK_THROWS_WITH(write_solv(primary, nullptr, scratch.path() / "x.solv", "URL"),
                    fmt::format("cannot read 'URL': uncompressed it is larger than the {} bytes "
                                "that repomd.xml says",
                                kPrimary.size() - 1));
  CHECK_FALSE(std::filesystem::exists(scratch.path() / "x.solv"));
}

TEST_CASE("metadata that is no XML is refused and leaves nothing behind") {
  const test::ScratchFolder scratch;
  const auto primary = store(scratch.path(), "primary.xml", "<metadata><package></metadata>", 1000);
  CHECK_THROWS_AS(write_solv(primary, nullptr, scratch.path() / "x.solv", "URL"), Error);
  int files = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(scratch.path())) {
    ++files;
  }
  CHECK(files == 1);
}

TEST_CASE("compressed metadata that is cut short is refused") {
  const test::ScratchFolder scratch;
  // The first bytes of a gzip file and no more.
  const std::string text("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xb3", 11);
  const auto primary = store(scratch.path(), "primary.xml.gz", text, 1000);
  CHECK_THROWS_AS(write_solv(primary, nullptr, scratch.path() / "x.solv", "URL"), Error);
}

TEST_CASE("the key of a .solv file changes with each of its inputs") {
  MetadataFile primary{"primary", "p.xml.gz", {HashAlgorithm::sha256, std::string(64, 'a')}, 1, 1};
  MetadataFile filelists = primary;
  const std::string key = solv_key(primary, nullptr);
  CHECK(key == solv_key(primary, nullptr));
  CHECK(key != solv_key(primary, &filelists));
  primary.checksum.hex[0] = 'b';
  CHECK(key != solv_key(primary, nullptr));
}
