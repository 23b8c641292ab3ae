#include "blueprint_text.h"

using namespace composer::test;

namespace {

/// The one problem of the good blueprint with another data partition, or how many there are.
std::string with_data(const std::string& partition) {
  const Problems problems = problems_of(with(
      "{label: data, type: linux-data, size: 1 GiB, filesystem: xfs, mount: /data}", partition));
  return problems.size() == 1 ? problems[0] : std::to_string(problems.size()) + " problems";
}

std::string with_root(const std::string& partition) {
  const Problems problems = problems_of(
      with("{label: root, type: root, size: rest, filesystem: ext4, mount: /}", partition));
  return problems.size() == 1 ? problems[0] : std::to_string(problems.size()) + " problems";
}

std::string btrfs(const std::string& more) {
  return with_data("{label: data, type: linux-data, size: 1 GiB, filesystem: btrfs, " + more + "}");
}

}  // namespace

TEST_CASE("subvolumes and compression are read, and are btrfs's alone") {
  CHECK(btrfs("compression: 'zstd:3', subvolumes: [{name: '@a', mount: /a, mount_options: "
              "[noatime]}, {name: a/b}]") == "0 problems");
  CHECK(with_data("{label: data, type: linux-data, size: 1 GiB, filesystem: xfs, compression: "
                  "zstd}") ==
        "17: partition 'data' has 'compression', and xfs has none [write 'filesystem: btrfs', or "
        "remove it]");
  CHECK(with_data("{label: data, type: linux-data, size: 1 GiB, filesystem: ext4, mount: /data, "
                  "subvolumes: [{name: a}]}") ==
        "17: partition 'data' has 'subvolumes', and ext4 has none [write 'filesystem: btrfs', or "
        "remove it]");
  CHECK(with_data("{label: data, type: linux-data, size: 1 GiB, subvolumes: [{name: a}]}") ==
        "17: partition 'data' has 'subvolumes' but no 'filesystem' [add 'filesystem:', such as "
        "ext4]");
}

TEST_CASE("a compression is one that btrfs has") {
  CHECK(btrfs("compression: lzo") == "0 problems");
  CHECK(btrfs("compression: 'zlib:9'") == "0 problems");
  CHECK(btrfs("compression: gzip") ==
        "17: unknown compression 'gzip' of btrfs [one of 'zstd', 'zlib' or 'lzo', or with a level: "
        "'zstd:3']");
  CHECK(btrfs("compression: 'zstd:16'") == "17: '16' is not a level of zstd [1 to 15]");
  CHECK(btrfs("compression: 'zstd:03'") == "17: '03' is not a level of zstd [1 to 15]");
  CHECK(btrfs("compression: 'zstd:'") == "17: '' is not a level of zstd [1 to 15]");
  CHECK(btrfs("compression: 'lzo:1'") ==
        "17: '1' is not a level of lzo [write 'lzo', which has no levels]");
  CHECK(btrfs("compression: zstd, mount: /data, mount_options: [compress=lzo]") ==
        "17: mount option 'compress=lzo' beside 'compression' [keep 'compression', which the "
        "composer writes as this option]");
}

TEST_CASE("subvolumes have names that options can hold, and their own mount points") {
  const auto named = [](const std::string& name) {
    return btrfs("subvolumes: [{name: '" + name + "'}]");
  };
  CHECK(named("a,b") ==
        "17: 'a,b' is not a name of a subvolume [use letters, digits, '@', '.', '_', '-', and '/' "
        "between directories]");
  for (const char* name : {"/a", "a/", "a//b", "../a", "a/./b"}) {
    CHECK(named(name) == "17: subvolume '" + std::string(name) +
                             "' is not a path in its shortest form from the top of the filesystem "
                             "[write it without '.', '..', and '/' at its ends, such as '@home']");
  }
  CHECK(named(std::string(256, 'a')).find("is 256 bytes long [btrfs has room for 255]") !=
        std::string::npos);
  CHECK(btrfs("subvolumes: [{name: a, mount: /a}, {name: a, mount: /b}]") ==
        "17: subvolume 'a' is already given on line 17 [keep one of the two]");
  CHECK(btrfs("subvolumes: [{name: a, mount: /a}, {name: b, mount: /a}]") ==
        "17: mount point '/a' is already given on line 17 [give each partition a mount point of "
        "its own]");
  CHECK(btrfs("subvolumes: [{name: a, mount_options: [noatime]}]") ==
        "17: subvolume 'a' has 'mount_options' but no 'mount' [add 'mount:' and where]");
  CHECK(btrfs("subvolumes: [{name: a, mount: /a, mount_options: [subvol=b]}]") ==
        "17: mount option 'subvol=b': the composer writes it [list the subvolume under "
        "'subvolumes', with its 'mount']");
  CHECK(btrfs("subvolumes: [{mount: /a}]") ==
        "17: a subvolume needs the key 'name' [add 'name:' and a path in the filesystem]");
}

TEST_CASE("a partition of a type is mounted where it belongs, by itself or by a subvolume") {
  CHECK(with_root("{label: root, type: root, size: rest, filesystem: btrfs, subvolumes: [{name: "
                  "'@', mount: /}, {name: '@home', mount: /home}]}") == "0 problems");
  CHECK(with_data("{label: data, type: var, size: 1 GiB, filesystem: btrfs, subvolumes: [{name: a, "
                  "mount: /var/log}]}") ==
        "17: no subvolume of partition 'data' of type 'var' is mounted on '/var' [add 'mount: "
        "/var' to one, or give the partition the type 'linux-data']");
}

TEST_CASE("the rest has a least size, and no other partition has one") {
  CHECK(with_root("{label: root, type: root, size: rest, minimum_size: 2 GiB, filesystem: ext4, "
                  "mount: /}") == "0 problems");
  CHECK(with_root("{label: root, type: root, size: 2 GiB, minimum_size: 2 GiB, filesystem: ext4, "
                  "mount: /}") ==
        "18: partition 'root' has a size and a 'minimum_size' [write 'size: rest', or remove it]");
}

TEST_CASE("the last partition grows, where its filesystem can") {
  CHECK(
      with_root("{label: root, type: root, size: rest, filesystem: ext4, mount: /, grow: true}") ==
      "0 problems");
  CHECK(with_data("{label: data, type: linux-data, size: 1 GiB, filesystem: xfs, mount: /data, "
                  "grow: true}") ==
        "17: partition 'data' cannot grow: another one follows it [put it last]");
  CHECK(with_data("{label: data, type: linux-data, size: 1 GiB, filesystem: xfs, mount: /data, "
                  "grow: false}") == "0 problems");
  const auto last = [](const std::string& partition) {
    const Problems problems = problems_of(with(
        "{label: root, type: root, size: rest, filesystem: ext4, mount: /}",
        "{label: root, type: root, size: 1 GiB, filesystem: ext4, mount: /}\n    - " + partition));
    return problems.size() == 1 ? problems[0] : std::to_string(problems.size()) + " problems";
  };
  CHECK(last("{label: s, type: swap, size: rest, filesystem: swap, grow: true}") ==
        "19: partition 's' cannot grow: swap does not while it is in use [remove 'grow'; ext4, xfs "
        "and btrfs can]");
  CHECK(last("{label: x, type: linux-data, size: rest, filesystem: xfs, grow: true}") ==
        "19: partition 'x' cannot grow: it is not mounted, and a filesystem grows where it is [add "
        "'mount:', or remove 'grow']");
}

TEST_CASE("what is not supported yet says so, however it is written") {
  for (const char* word : {"lvm", "luks", "raid"}) {
    CHECK(with_data("{label: data, type: " + std::string(word) + ", size: 1 GiB}")
              .find("17: partition type '" + std::string(word) + "' is not supported yet") == 0);
  }
  for (const char* word : {"lvm", "lvm2", "luks", "crypto_LUKS"}) {
    CHECK(with_data(
              "{label: data, type: linux-data, size: 1 GiB, filesystem: " + std::string(word) + "}")
              .find("17: filesystem '" + std::string(word) + "' is not supported yet") == 0);
  }
  for (const char* key : {"lvm", "volume_group", "logical_volumes"}) {
    CHECK(with_data("{label: data, type: linux-data, size: 1 GiB, " + std::string(key) + ": a}") ==
          "17: LVM is not supported yet: a partition grows to the end of the disk without it [give "
          "each filesystem a partition of its own]");
  }
  for (const char* key : {"luks", "encrypt", "encryption", "encrypted"}) {
    CHECK(with_data("{label: data, type: linux-data, size: 1 GiB, " + std::string(key) + ": a}") ==
          "17: encryption (LUKS) is not supported yet: a key that is in an image is no secret, and "
          "Azure encrypts disks when a machine is made [remove it]");
  }
}
