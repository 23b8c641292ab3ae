#include <catch2/catch.hpp>

#include "composer/image_diff.h"

#include "tests/support/memory_root.h"

using namespace composer;

namespace {

MemoryRoot sample() {
  MemoryRoot root;
  root.file("/etc/fstab", "UUID=1 / ext4\n", {0644, 0, 0})
      .file("/etc/shadow", "root:*\n", {0600, 0, 0})
      .file("/usr/bin/ping", "program", {0755, 0, 0})
      .link("/bin", "usr/bin");
  root.attribute("/usr/bin/ping", "security.selinux",
                 std::string("system_u:object_r:bin_t:s0\0", 27));
  return root;
}

std::string differences(const MemoryRoot& before, const MemoryRoot& after) {
  ImageDifferences found;
  compare_trees(before, after, found);
  return describe(found);
}

}  // namespace

TEST_CASE("a tree does not differ from itself") {
  const MemoryRoot root = sample();
  ImageDifferences found;
  compare_trees(root, root, found);
  CHECK(found.same());
  CHECK(describe(found).empty());
}

TEST_CASE("every aspect of a file is compared") {
  const MemoryRoot before = sample();
  MemoryRoot after = sample();
  after.file("/etc/fstab", "UUID=2 / ext4\n", {0644, 0, 0});
  after.file("/etc/shadow", "root:*\n", {0640, 0, 42});
  after.link("/bin", "/usr/bin");
  after.attribute("/usr/bin/ping", "security.selinux",
                  std::string("system_u:object_r:ping_exec_t:s0\0", 33));
  after.attribute("/usr/bin/ping", "security.capability", std::string("\1\2\0", 3));
  CHECK(differences(before, after) ==
        "files:\n"
        "  ~ /bin: target: usr/bin -> /usr/bin\n"
        "  ~ /etc/fstab: content: sha256 "
        "6810838c14c68e839458f32c7aeb6b64c6074e43fee439866de8d7e913af8505 -> sha256 "
        "2323a3cf4dab422f4e0872207b9dc62ed76689c36f7e70f5e4665a985a4de188\n"
        "  ~ /etc/shadow: mode: 0600 -> 0640\n"
        "  ~ /etc/shadow: owner: 0:0 -> 0:42\n"
        "  + /usr/bin/ping: security.capability: hexadecimal 010200\n"
        "  ~ /usr/bin/ping: security.selinux: system_u:object_r:bin_t:s0 -> "
        "system_u:object_r:ping_exec_t:s0\n");
}

TEST_CASE("what only one tree has is told with everything in it") {
  MemoryRoot after = sample();
  after.file("/opt/app/run", "x").link("/opt/app/again", "run");
  CHECK(differences(sample(), after) ==
        "files:\n"
        "  + /opt: directory\n"
        "  + /opt/app: directory\n"
        "  + /opt/app/again: symbolic link\n"
        "  + /opt/app/run: file\n");
  CHECK(differences(after, sample()).find("  - /opt/app/run: file\n") != std::string::npos);
}

TEST_CASE("a file in the place of a directory is one difference") {
  MemoryRoot before = sample(), after = sample();
  before.file("/var/log/messages", "x");
  after.file("/var/log", "x");
  CHECK(differences(before, after) == "files:\n  ~ /var/log: kind: directory -> file\n");
}

TEST_CASE("names that a terminal would act upon are shown as text") {
  MemoryRoot after = sample();
  after.file("/etc/\x1b[2J", "x");
  CHECK(differences(sample(), after) == "files:\n  + /etc/?[2J: file\n");
}
