#include "composer/plan/lock.h"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "composer/error.h"
#include "composer/plan/lock_differences.h"
#include "composer/plan/lock_update.h"

#include "tests/unit/plan/example_plan.h"

using namespace composer;
using composer::test::example_plan;

namespace {

const std::string kText = R"(blueprint: 1
name: vm
version: 4.0
arch: x86_64
repositories:
  - id: base
    baseurl: https://example.com/base
    gpgkey: https://example.com/key.asc
packages:
  install:
    - bash
    - coreutils
disk:
  table: mbr
  size: 4 GiB
  partitions:
    - {label: root, type: root, size: rest, filesystem: ext4, mount: /}
boot: {loader: grub, firmware: bios}
outputs:
  - format: raw
)";

Blueprint blueprint(const std::string& from = {}, const std::string& to = {}) {
  std::string text = kText;
  if (!from.empty()) {
    REQUIRE(text.find(from) != std::string::npos);
    text.replace(text.find(from), from.size(), to);
  }
  return parse_blueprint(text, "vm.yaml");
}

Lock example_lock() {
  Lock lock = lock_of(blueprint(), example_plan());
  lock.packages[0].signing_key = "ABCD";
  return lock;
}

std::string refusal(const Blueprint& asked, const Lock& lock) {
  try {
    locked_resolution(asked, lock, "vm.yaml.lock");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::usage);
    return error.to_text();
  }
  return "nothing was refused";
}

std::string damaged(std::string text, const std::string& from, const std::string& to) {
  REQUIRE(text.find(from) != std::string::npos);
  text.replace(text.find(from), from.size(), to);
  try {
    parse_lock(text, "vm.yaml.lock");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::usage);
    return error.what();
  }
  return "nothing was refused";
}

PlannedPackage package(const std::string& name, const std::string& version, std::uint64_t size) {
  PlannedPackage made = example_plan().packages[0];
  made.name = name;
  made.epoch = 0;
  made.version = version;
  made.checksum = std::string(64, version.back());
  made.installed_size = MiB(size);
  return made;
}

}  // namespace

TEST_CASE("a lock survives its JSON form unchanged, a package a line") {
  const std::string text = to_json(example_lock());
  CHECK(to_json(parse_lock(text, "vm.yaml.lock")) == text);
  CHECK(text.ends_with("\n  ]\n}\n"));
  CHECK(text.find("\n    {\"name\":\"bash\",") != std::string::npos);
  CHECK(text.find(R"("url":"https://example.com/base/Packages/b/bash.rpm"})") != std::string::npos);
  CHECK(text.find(R"("signing_key":"ABCD")") != std::string::npos);
  Lock empty = example_lock();
  empty.packages.clear();
  CHECK(parse_lock(to_json(empty), "vm.yaml.lock").packages.empty());
}

TEST_CASE("a lock that was changed by hand is refused") {
  const std::string text = to_json(example_lock());
  CHECK(damaged(text, "\"url\":\"https://example.com/", "\"url\":\"https://evil.example/") ==
        "'vm.yaml.lock' is damaged: the url of package 'bash-1:5.2-1.azl4.x86_64' is not its "
        "location in repository 'base'");
  CHECK(damaged(text, "\"location\":\"Packages/b", "\"location\":\"../../etc") ==
        "'vm.yaml.lock' is damaged: the location of package 'bash-1:5.2-1.azl4.x86_64' leaves its "
        "repository");
  CHECK(damaged(text, "\"epoch\":1", "\"epoch\":-1") ==
        "packages[0].epoch: a whole number that is not negative is needed here");
  CHECK(damaged(text, "\"format\": 1", "\"format\": 2") ==
        "its format 2 is not the one that this version reads, 1");
  CHECK(damaged(text, "{", "").starts_with("'vm.yaml.lock' is not JSON"));
}

TEST_CASE("what a lock says is what is resolved, and the image's own wishes are the blueprint's") {
  Lock lock = example_lock();
  const solve::Resolution resolution = locked_resolution(blueprint(), lock, "vm.yaml.lock");
  REQUIRE(resolution.packages.size() == 1);
  CHECK(resolution.packages[0].signing_key == "ABCD");
  CHECK_FALSE(resolution.repositories.at(0).in_image);
  CHECK(locked_resolution(blueprint("    gpgkey:", "    in_image: true\n    gpgkey:"), lock, "x")
            .repositories.at(0)
            .in_image);
}

TEST_CASE("the disk, the system and the outputs may change under a lock") {
  CHECK_NOTHROW(locked_resolution(blueprint("4 GiB", "8 GiB"), example_lock(), "vm.yaml.lock"));
  CHECK_NOTHROW(locked_resolution(blueprint("outputs:", "system: {hostname: x}\noutputs:"),
                                  example_lock(), "vm.yaml.lock"));
}

TEST_CASE("a lock that does not match its blueprint says what differs, and where") {
  const auto differs = [](const std::string& from, const std::string& to, const std::string& says) {
    const std::string text = refusal(blueprint(from, to), example_lock());
    CAPTURE(text, says);
    CHECK(text.find(says) != std::string::npos);
    CHECK(text.find("hint: bring the lock up to date: image-composer lock vm.yaml") !=
          std::string::npos);
  };
  differs("    - bash\n", "    - bash\n    - jq\n",
          "vm.yaml:12:7: error: 'packages.install' has 'jq', which 'vm.yaml.lock' has not");
  differs("    - bash\n", "", "error: 'packages.install' lacks 'bash', which 'vm.yaml.lock' has");
  differs("packages:\n", "packages:\n  exclude: [vim]\n",
          "vm.yaml:10:13: error: 'packages.exclude' has 'vim', which");
  differs("packages:\n", "packages:\n  weak_dependencies: false\n",
          "'packages.weak_dependencies' is 'false', and in 'vm.yaml.lock' 'true'");
  differs("version: 4.0", "version: 4.1",
          "vm.yaml:3:10: error: the identity seed is 'vm/4.1/x86_64', and in 'vm.yaml.lock' "
          "'vm/4.0/x86_64'");
  differs("version: 4.0", "version: 4.0\nsource_date_epoch: 5",
          "'source_date_epoch' is '5', and in 'vm.yaml.lock' '1700000000'");
  differs("version: 4.0", "version: 4.0\nreleasever: \"4\"",
          "'releasever' is '4', and in 'vm.yaml.lock' not given");
  differs("id: base", "id: other", "repository 'other' is not in 'vm.yaml.lock'");
  differs("id: base", "id: other", "the blueprint has no repository 'base', which 'vm.yaml.lock'");
  differs("example.com/base", "example.com/new",
          "'baseurl' of repository 'base' has 'https://example.com/new', which");
  differs("example.com/key", "example.com/new",
          "'gpgkey' of repository 'base' has 'https://example.com/new.asc', which");
  differs("    gpgkey:", "    priority: 10\n    gpgkey:",
          "'priority' of repository 'base' is '10', and in 'vm.yaml.lock' '99'");
  differs("    gpgkey:", "    cost: 10\n    gpgkey:", "'cost' of repository 'base' is '10'");
  differs(
      "    gpgkey:", "    exclude: [vim]\n    gpgkey:", "'exclude' of repository 'base' has 'vim'");
  differs("    gpgkey:", "    metadata_signature: true\n    gpgkey:",
          "'metadata_signature' of repository 'base' is 'true'");
  differs("    gpgkey:", "    package_signatures: false\n    gpgkey:",
          "'package_signatures' of repository 'base' is 'false'");
}

TEST_CASE("everything that differs is told at once") {
  const std::string text = refusal(blueprint("    - bash\n", "    - jq\n"), example_lock());
  CHECK(text.find("has 'jq'") != std::string::npos);
  CHECK(text.find("lacks 'bash'") != std::string::npos);
}

TEST_CASE("an update is told in words") {
  Lock from = example_lock(), to = example_lock();
  CHECK(describe_update(from, to).empty());
  from.packages = {package("down", "2.0", 8), package("gone", "1.0", 4), package("same", "1.0", 1),
                   package("up", "1.9", 8)};
  to.packages = {package("down", "1.0", 8), package("new", "1.0", 2), package("same", "1.0", 1),
                 package("up", "1.10", 10)};
  to.repositories[0].repomd_sha256 = std::string(64, 'c');
  to.source_date_epoch = 1700000001;
  CHECK(describe_update(from, to) ==
        "added:\n"
        "  new-1.0-1.azl4.x86_64  (1.9 MiB to download, 2 MiB installed)\n"
        "removed:\n"
        "  gone-1.0-1.azl4.x86_64  (4 MiB installed)\n"
        "upgraded:\n"
        "  up.x86_64 1.9-1.azl4 -> 1.10-1.azl4  (1.9 MiB to download, +2 MiB installed)\n"
        "downgraded:\n"
        "  down.x86_64 2.0-1.azl4 -> 1.0-1.azl4  (1.9 MiB to download, +0 bytes installed)\n"
        "source_date_epoch: 1700000000 -> 1700000001\n"
        "repository base: other metadata (repomd.xml aaaaaaaaaaaa -> cccccccccccc)\n"
        "1 added, 1 removed, 1 upgraded, 1 downgraded; 21 MiB -> 21 MiB installed (+0 bytes)\n");
}

TEST_CASE("a rebuilt package and another signer are changes, an unknown signer is none") {
  Lock from = example_lock(), to = example_lock();
  to.packages[0].signing_key.clear();
  CHECK(describe_update(from, to).empty());
  to.packages[0].signing_key = "EF01";
  CHECK(describe_update(from, to).find("signed by another key:\n  bash-1:5.2-1.azl4.x86_64  "
                                       "(ABCD -> EF01)\n") == 0);
  to.packages[0].checksum = std::string(64, 'd');
  CHECK(describe_update(from, to).find("rebuilt:\n  bash-1:5.2") == 0);
}
