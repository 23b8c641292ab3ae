#include "composer/solve/planned_package.h"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "composer/base/file_descriptor.h"
#include "composer/error.h"

#include "../../support/scratch_folder.h"

using namespace composer;
using namespace composer::solve;

namespace {

struct Fields {
  std::string name = "bash", version = "5.2", location = "Packages/bash.rpm";
  std::string checksum_type = "sha256", checksum = std::string(64, 'a');
  std::string size = "1000", base, summary = "A shell";
};

/// What is planned of one package that metadata describes so.
std::vector<PlannedPackage> planned(const Fields& fields) {
  const test::ScratchFolder scratch;
  const std::string text = fmt::format(
      R"(<?xml version="1.0" encoding="UTF-8"?>
<metadata xmlns="http://linux.duke.edu/metadata/common" xmlns:rpm="http://linux.duke.edu/metadata/rpm" packages="1">
<package type="rpm"><name>{}</name><arch>x86_64</arch><version epoch="2" ver="{}" rel="3.lab"/>
<checksum type="{}" pkgid="YES">{}</checksum><summary>{}</summary><description>d</description>
<packager/><url/><time file="1" build="1700000000"/>
<size package="{}" installed="4000" archive="1"/><location {} href="{}"/>
<format><rpm:license>GPL-3.0</rpm:license><rpm:vendor>Lab</rpm:vendor><rpm:group/>
<rpm:sourcerpm>bash-5.2-3.src.rpm</rpm:sourcerpm></format></package></metadata>)",
      fields.name, fields.version, fields.checksum_type, fields.checksum, fields.summary,
      fields.size, fields.base, fields.location);
  const auto path = scratch.path() / "primary.xml";
  write_file_atomically(path, text);
  const StoredMetadata metadata{
      path, {"primary", "primary.xml", {HashAlgorithm::sha256, sha256_hex(text)}, 1, text.size()}};
  write_solv(metadata, nullptr, scratch.path() / "x.solv", "URL");
  std::vector<UniverseSource> sources;
  sources.push_back({{"lab", 99, 1000}, std::move(*open_solv(scratch.path() / "x.solv"))});
  const Universe universe(Architecture::x86_64, std::move(sources));
  std::vector<Chosen> chosen;
  for (const auto id : universe.packages()) chosen.push_back({id, PackageReason::weak});
  return planned_packages(universe, chosen);
}

std::string refusal(const Fields& fields) {
  try {
    planned(fields);
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::build);
    return error.what();
  }
  return "no refusal";
}

constexpr std::string_view kStart =
    "cannot use package 'bash-2:5.2-3.lab.x86_64' of repository 'lab': ";

}  // namespace

TEST_CASE("a planned package has everything that the metadata says") {
  const auto packages = planned({});
  REQUIRE(packages.size() == 1);
  const PlannedPackage& p = packages[0];
  CHECK(p.nevra() == "bash-2:5.2-3.lab.x86_64");
  CHECK(p.repository == "lab");
  CHECK(p.location == "Packages/bash.rpm");
  CHECK(p.checksum_type == "sha256");
  CHECK(p.checksum == std::string(64, 'a'));
  CHECK(p.size.count == 1000);
  CHECK(p.installed_size.count == 4000);
  CHECK(p.build_time == 1700000000);
  CHECK(p.license == "GPL-3.0");
  CHECK(p.source_rpm == "bash-5.2-3.src.rpm");
  CHECK(p.vendor == "Lab");
  CHECK(p.summary == "A shell");
  CHECK(p.reason == PackageReason::weak);
}

TEST_CASE("a package that lies outside of its repository is refused") {
  CHECK(refusal({.location = "../../etc/passwd"}) ==
        std::string(kStart) + "its location '../../etc/passwd' leaves the repository");
  CHECK(refusal({.location = "/etc/passwd"}) ==
        std::string(kStart) + "its location '/etc/passwd' leaves the repository");
  CHECK(refusal({.base = "xml:base=\"http://evil/\""}) ==
        std::string(kStart) + "it lies outside of the repository (xml:base)");
}

TEST_CASE("a package with a checksum that is too weak is refused") {
  CHECK(refusal({.checksum_type = "sha", .checksum = std::string(40, 'a')}) ==
        std::string(kStart) +
            "the metadata has only its sha1 checksum, which is too weak to trust");
  CHECK(refusal({.checksum_type = "md5", .checksum = std::string(32, 'a')}) ==
        std::string(kStart) + "the metadata has only its md5 checksum, which is too weak to trust");
}

TEST_CASE("a package without a size is refused") {
  CHECK(refusal({.size = "0"}) ==
        std::string(kStart) + "the metadata has no size of it that could be true");
  CHECK(refusal({.size = "99999999999999"}) ==
        std::string(kStart) + "the metadata has no size of it that could be true");
}

TEST_CASE("a name that could leave a folder is refused") {
  CHECK(refusal({.name = "../bash"})
            .ends_with("its name, version, release or architecture is malformed"));
  CHECK(refusal({.version = "5 2"})
            .ends_with("its name, version, release or architecture is malformed"));
}

TEST_CASE("a summary of several lines becomes one") {
  CHECK(planned({.summary = "a\nb"})[0].summary == "a b");
}

TEST_CASE("an epoch, a version and a release are told apart") {
  PlannedPackage p;
  set_evr(p, "1:2.3~rc1-4.fc40");
  CHECK(p.epoch == 1);
  CHECK(p.version == "2.3~rc1");
  CHECK(p.release == "4.fc40");
  PlannedPackage plain;
  set_evr(plain, "7-1");
  CHECK(plain.epoch == 0);
  CHECK(plain.version == "7");
}
