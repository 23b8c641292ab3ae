#include "composer/tree/initramfs_key.h"

#include <catch2/catch.hpp>

#include "tests/support/memory_root.h"

using namespace composer;

// What an initramfs is kept by: everything that dracut could put into it, and nothing else.

namespace {

MemoryRoot root() {
  MemoryRoot made;
  made.file("/usr/bin/dracut", "#!/bin/bash\ninst /etc/os-release\n", {0755, 0, 0});
  made.file("/usr/lib/dracut/modules.d/10a/module-setup.sh",
            "inst_multiple -o /etc/hosts\nfor f in modprobe.d; do inst_dir \"/etc/$f\"; done\n");
  made.file("/etc/hosts", "127.0.0.1 localhost\n");
  made.file("/etc/motd", "hello\n");
  made.file("/etc/azurelinux-release", "4.0\n");
  made.file("/etc/modprobe.d/a.conf", "options a\n");
  made.link("/etc/os-release", "../usr/lib/os-release");
  return made;
}

std::string key_of(const MemoryRoot& of, std::string_view kernel = "6.12",
                   std::string_view configuration = "hostonly=no", const char* packages = "bash") {
  host::StoreKey key;
  key.add("packages", packages);
  return tree::initramfs_key(std::move(key), of, kernel, configuration).hex();
}

}  // namespace

TEST_CASE("the same root has the same key") {
  CHECK(key_of(root()) == key_of(root()));
}

TEST_CASE("every input changes the key") {
  const std::string before = key_of(root());
  CHECK(key_of(root(), "6.13") != before);
  CHECK(key_of(root(), "6.12", "hostonly=yes") != before);
  CHECK(key_of(root(), "6.12", "hostonly=no", "zsh") != before);
  const auto differs = [&](auto&& change) {
    MemoryRoot changed = root();
    change(changed);
    return key_of(changed) != before;
  };
  CHECK(differs([](MemoryRoot& r) { r.file("/usr/bin/dracut", "#!/bin/sh\n", {0755, 0, 0}); }));
  CHECK(differs([](MemoryRoot& r) { r.file("/usr/lib/dracut/modules.d/20b/b.sh", "b\n"); }));
  CHECK(differs([](MemoryRoot& r) { r.file("/etc/hosts", "127.0.0.1 other\n"); }));
  CHECK(differs([](MemoryRoot& r) { r.set_attributes("/etc/hosts", {0600, 0, 0}); }));
  CHECK(differs([](MemoryRoot& r) { r.set_attributes("/etc/hosts", {0644, 7, 0}); }));
  CHECK(differs([](MemoryRoot& r) { r.set_attributes("/etc/hosts", {0644, 0, 7}); }));
  CHECK(differs([](MemoryRoot& r) { r.remove("/etc/hosts"); }));
  CHECK(differs([](MemoryRoot& r) { r.file("/etc/modprobe.d/b.conf", "options b\n"); }));
  CHECK(differs([](MemoryRoot& r) { r.file("/etc/modprobe.d/a.conf", "options c\n"); }));
  CHECK(differs([](MemoryRoot& r) { r.make_link("/elsewhere", "/etc/os-release"); }));
  // By a pattern of dracut's.
  CHECK(differs([](MemoryRoot& r) { r.file("/etc/azurelinux-release", "4.1\n"); }));
}

TEST_CASE("what no script of dracut's has a word for does not matter") {
  MemoryRoot changed = root();
  changed.file("/etc/motd", "good evening\n");
  changed.file("/etc/cloud/cloud.cfg", "users: []\n");
  CHECK(key_of(changed) == key_of(root()));
}

TEST_CASE("a root without dracut or /etc has a key all the same") {
  CHECK(key_of(MemoryRoot()).size() == 64);
}
