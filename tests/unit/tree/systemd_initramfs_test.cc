#include "composer/tree/systemd_initramfs.h"

#include <functional>
#include <map>

#include "composer/tree/initramfs_tree.h"

#include "elf_sample.h"
#include "sample.h"

using namespace composer;
using Strings = std::vector<std::string>;

namespace {

struct Entry {
  unsigned long mode, time;
  std::string content;
};

/// The files of an archive in the newc format, by name.
std::map<std::string, Entry> entries_of(const std::string& archive) {
  std::map<std::string, Entry> entries;
  const auto field = [&](std::size_t at, int index) {
    return std::stoul(archive.substr(at + 6 + 8 * static_cast<std::size_t>(index), 8), nullptr, 16);
  };
  const auto aligned = [](std::size_t at) { return (at + 3) / 4 * 4; };
  for (std::size_t at = 0; at < archive.size();) {
    REQUIRE(archive.substr(at, 6) == "070701");
    const std::size_t name_size = field(at, 11), size = field(at, 6);
    const std::string name = archive.substr(at + 110, name_size - 1);
    const std::size_t content = aligned(at + 110 + name_size);
    if (name == "TRAILER!!!") return entries;
    CHECK(entries.emplace(name, Entry{field(at, 1), field(at, 5), archive.substr(content, size)})
              .second);
    at = aligned(content + size);
  }
  FAIL("the archive has no end");
  return entries;
}

constexpr const char* kLoader = "/lib64/ld-linux-x86-64.so.2";
constexpr const char* kKernel = "6.12.9-1.azl4";

std::string program(Strings libraries) {
  return test::elf_file({.libraries = std::move(libraries), .interpreter = kLoader});
}

/// A root with merged /usr that has what an initramfs must have.
MemoryRoot bootable_root() {
  MemoryRoot root;
  for (const char* name : {"bin", "sbin", "lib", "lib64"}) {
    root.link(std::string("/") + name, std::string("usr/") + name);
  }
  root.file("/usr/lib64/ld-linux-x86-64.so.2", "loader")
      .file("/usr/lib64/libc.so.6", test::elf_file({}))
      .file("/usr/lib/libc.so.6", "of another machine")
      .file("/usr/lib64/systemd/libshared.so",
            test::elf_file({.libraries = {"libc.so.6"},
                            .notes = {R"([{"priority":"recommended","soname":["libkmod.so.2"]}])",
                                      R"([{"priority":"recommended","soname":["libno.so.1"]}])"}}))
      .file("/usr/lib64/libkmod.so.2.5", test::elf_file({.libraries = {"libc.so.6"}}))
      .link("/usr/lib64/libkmod.so.2", "libkmod.so.2.5")
      .file("/usr/lib/systemd/systemd", test::elf_file({.libraries = {"libshared.so", "libc.so.6"},
                                                        .runpath = "$ORIGIN/../../lib64/systemd",
                                                        .interpreter = kLoader}))
      .link("/usr/lib/systemd/systemd-udevd", "../../bin/udevadm");
  for (const char* path :
       {"/usr/lib/systemd/systemd-journald", "/usr/lib/systemd/systemd-shutdown",
        "/usr/lib/systemd/system-generators/systemd-fstab-generator", "/usr/bin/systemctl",
        "/usr/bin/udevadm", "/usr/bin/mount", "/usr/bin/umount", "/usr/bin/kmod"}) {
    root.file(path, program({"libc.so.6"}), {0755, 0, 0});
  }
  root.link("/usr/sbin/modprobe", "../bin/kmod")
      .file("/usr/lib/systemd/system/initrd.target", "[Unit]\n")
      .file("/usr/lib/systemd/system/initrd-switch-root.service", "[Unit]\n")
      .file("/usr/lib/systemd/system/systemd-udevd.service", "[Unit]\n")
      .file("/usr/lib/systemd/system/systemd-udevd.service.d/10-one.conf", "[Service]\n")
      .file("/usr/lib/systemd/system/sysinit.target", "[Unit]\n")
      .link("/usr/lib/systemd/system/sysinit.target.wants/systemd-udevd.service",
            "../systemd-udevd.service")
      .link("/usr/lib/systemd/system/sysinit.target.wants/ldconfig.service", "../ldconfig.service")
      .file("/usr/lib/systemd/system/ldconfig.service", "[Unit]\n")
      .file("/usr/sbin/fsck.ext4", "#!/usr/bin/sh -e\n", {0755, 0, 0})
      .file("/usr/bin/sh", program({"libc.so.6"}), {0755, 0, 0})
      .file("/usr/sbin/fsck.xfs", "#!/usr/bin/sh\n", {0755, 0, 0})
      .file("/etc/modprobe.d/options.conf", "options loop max_loop=8\n")
      .file("/etc/modprobe.d/notes.txt", "none\n")
      .file("/etc/os-release", "NAME=\"Azure Linux\"\n")
      .file("/etc/group", "root:x:0:\nwheel:x:10:ann\ndisk:x:6:ann,bob\n");
  for (const char* name : {"60-persistent-storage", "80-drivers", "99-systemd"}) {
    root.file(std::string("/usr/lib/udev/rules.d/") + name + ".rules", "# rules\n");
  }
  const std::string modules = std::string("/usr/lib/modules/") + kKernel;
  root.file(modules + "/modules.dep",
            "kernel/hv_vmbus.ko.xz:\nkernel/hv_storvsc.ko.xz: kernel/hv_vmbus.ko.xz\n"
            "kernel/other.ko.xz:\n")
      .file(modules + "/modules.order", "order\n")
      .file(modules + "/kernel/hv_vmbus.ko.xz", "bus")
      .file(modules + "/kernel/hv_storvsc.ko.xz", "disks")
      .file(modules + "/kernel/other.ko.xz", "other");
  root.on_run = [](MemoryRoot& in, const RootCommand& command) -> RootCommandResult {
    if (command.arguments.at(0) != "depmod") return {127, "", "no"};
    const std::string folder =
        command.arguments.at(2) + "/usr/lib/modules/" + command.arguments.at(3);
    std::string text;
    for (const std::string& name : in.list(folder + "/kernel")) text += name + "\n";
    in.write(folder + "/modules.dep", text, {});
    return {};
  };
  return root;
}

std::string archive_of(MemoryRoot& root, const Strings& drivers) {
  return tree::SystemdInitramfs(test::sample_plan(), root, kKernel, drivers).archive();
}

std::map<std::string, Entry> made_of(MemoryRoot& root) {
  return entries_of(archive_of(root, {"hv_vmbus", "hv_storvsc"}));
}

}  // namespace

TEST_CASE("an initramfs of systemd has its programs, their loader and libraries, and no more") {
  MemoryRoot root = bootable_root();
  root.file("/usr/bin/other", "x").file("/usr/lib64/libother.so.1", test::elf_file({}));
  const auto entries = made_of(root);
  CHECK(entries.at("init").content == "usr/lib/systemd/systemd");
  CHECK(entries.at("usr/lib/systemd/systemd").content.starts_with("\177ELF"));
  CHECK(entries.at("usr/lib64/systemd/libshared.so").content.starts_with("\177ELF"));
  CHECK(entries.contains("usr/lib64/libc.so.6"));
  CHECK_FALSE(entries.contains("usr/lib/libc.so.6"));
  CHECK(entries.at("usr/lib64/ld-linux-x86-64.so.2").content == "loader");
  CHECK(entries.at("lib64").content == "usr/lib64");
  CHECK(entries.at("lib64").mode == 0120777);
  CHECK(entries.at("usr/lib64/libkmod.so.2").content == "libkmod.so.2.5");
  CHECK(entries.contains("usr/lib64/libkmod.so.2.5"));
  CHECK(entries.at("usr/sbin/modprobe").content == "../bin/kmod");
  CHECK(entries.at("usr/bin/kmod").mode == 0100755);
  CHECK_FALSE(entries.contains("usr/bin/other"));
  CHECK_FALSE(entries.contains("usr/lib64/libother.so.1"));
  for (const auto& [name, entry] : entries) CHECK(entry.time == 1750000000);
}

TEST_CASE("units come with their drop-ins and the links between them") {
  MemoryRoot root = bootable_root();
  const auto entries = made_of(root);
  const std::string units = "usr/lib/systemd/system/";
  CHECK(entries.at(units + "default.target").content == "initrd.target");
  CHECK(entries.contains(units + "systemd-udevd.service.d/10-one.conf"));
  CHECK(entries.at(units + "sysinit.target.wants/systemd-udevd.service").content ==
        "../systemd-udevd.service");
  CHECK_FALSE(entries.contains(units + "sysinit.target.wants/ldconfig.service"));
  CHECK_FALSE(entries.contains(units + "ldconfig.service"));
}

TEST_CASE("the checks of the layout's filesystems are there, with the shell of a script") {
  MemoryRoot root = bootable_root();
  const auto entries = made_of(root);
  CHECK(entries.contains("usr/sbin/fsck.ext4"));
  CHECK(entries.contains("usr/bin/sh"));
  CHECK_FALSE(entries.contains("usr/sbin/fsck.xfs"));
}

TEST_CASE("it says that it is an initramfs, and nobody can log in") {
  MemoryRoot root = bootable_root();
  const auto entries = made_of(root);
  CHECK(entries.at("usr/lib/initrd-release").content == "NAME=\"Azure Linux\"\n");
  CHECK(entries.at("etc/initrd-release").content == "../usr/lib/initrd-release");
  CHECK(entries.at("etc/passwd").content == "root:!:0:0:root:/root:/usr/bin/sh\n");
  CHECK(entries.at("etc/group").content == "root:x:0:\ndisk:x:6:\n");
  CHECK(entries.at("etc/modprobe.d/options.conf").content == "options loop max_loop=8\n");
  CHECK_FALSE(entries.contains("etc/modprobe.d/notes.txt"));
}

TEST_CASE("its modules are the drivers and what they need, indexed by themselves") {
  MemoryRoot root = bootable_root();
  const auto entries = made_of(root);
  const std::string modules = std::string("usr/lib/modules/") + kKernel + "/";
  CHECK(entries.at(modules + "kernel/hv_vmbus.ko.xz").content == "bus");
  CHECK(entries.contains(modules + "kernel/hv_storvsc.ko.xz"));
  CHECK_FALSE(entries.contains(modules + "kernel/other.ko.xz"));
  CHECK(entries.at(modules + "modules.dep").content == "hv_storvsc.ko.xz\nhv_vmbus.ko.xz\n");
  CHECK(root.list("/var/tmp").empty());
}

TEST_CASE("the bytes depend on what the root has, not on how often they are made") {
  MemoryRoot one = bootable_root(), two = bootable_root();
  CHECK(archive_of(one, {"hv_storvsc", "hv_vmbus"}) == archive_of(two, {"hv_vmbus", "hv_storvsc"}));
}

TEST_CASE("an initramfs of systemd is kept by all that it is made of, and by nothing else") {
  using Change = std::function<void(MemoryRoot&)>;
  const auto key = [](const Change& change, const char* driver = "hv_storvsc",
                      std::int64_t time = 1) {
    MemoryRoot root = bootable_root();
    change(root);
    Plan plan = test::sample_plan();
    plan.source_date_epoch = time;
    host::StoreKey all;
    tree::SystemdInitramfs(plan, root, kKernel, {driver}).add_to(all);
    CHECK(root.commands.empty());
    return all;
  };
  const host::StoreKey before = key([](MemoryRoot&) {});
  const auto file = [](const std::string& path, const char* content = "other\n") -> Change {
    return [=](MemoryRoot& root) { root.file(path, content); };
  };
  const std::string modules = std::string("/usr/lib/modules/") + kKernel;
  for (const std::string& path :
       {std::string("/etc/modprobe.d/options.conf"), std::string("/etc/modprobe.d/more.conf"),
        std::string("/usr/lib/udev/rules.d/99-systemd.rules"), std::string("/etc/os-release"),
        std::string("/usr/lib64/ld-linux-x86-64.so.2"), std::string("/usr/bin/mount"),
        std::string("/etc/depmod.d/order.conf"), std::string("/usr/lib/systemd/network/1.link"),
        modules + "/kernel/hv_vmbus.ko.xz", modules + "/modules.order",
        modules + "/modules.builtin"}) {
    INFO(path);
    CHECK(key(file(path)).hex() != before.hex());
  }
  CHECK(key([&](MemoryRoot& root) {
          root.file("/usr/bin/kmod", *root.read("/usr/bin/kmod"), {0700, 0, 0});
        }).hex() != before.hex());
  CHECK(key([](MemoryRoot&) {}, "hv_vmbus").hex() != before.hex());
  CHECK(key([](MemoryRoot&) {}, "hv_storvsc", 2).hex() != before.hex());
  for (const std::string& path :
       {std::string("/etc/motd"), std::string("/usr/bin/other"), modules + "/kernel/other.ko.xz"}) {
    INFO(path);
    CHECK(key(file(path)).hex() == before.hex());
  }
  // What differs is said by its name, modules as one.
  CHECK(key(file("/etc/modprobe.d/more.conf")).inputs().contains("/etc/modprobe.d/more.conf"));
  CHECK(before.inputs().contains(modules));
  CHECK_FALSE(before.inputs().contains(modules + "/kernel/hv_vmbus.ko.xz"));
}

TEST_CASE("what an initramfs of systemd needs and the image lacks is said") {
  const auto refusal = [](MemoryRoot& root) { return test::message_of([&] { made_of(root); }); };
  MemoryRoot root = bootable_root();
  root.remove("/usr/bin/udevadm");
  CHECK(refusal(root) ==
        "error: the image has no '/usr/lib/systemd/systemd-udevd', which the initramfs needs\n"
        "  hint: add 'systemd-udev', 'kmod' and 'util-linux' to packages.install, or write "
        "'initramfs: dracut'\n");
  root = bootable_root();
  root.file("/usr/bin/mount", program({"libmissing.so.1"}));
  CHECK(refusal(root) ==
        "error: '/usr/bin/mount' needs the library 'libmissing.so.1', which is in none of the "
        "image's folders of libraries\n"
        "  hint: write 'initramfs: dracut' where it is in a folder of /etc/ld.so.conf\n");
  root = bootable_root();
  root.remove(std::string("/usr/lib/modules/") + kKernel + "/kernel/hv_vmbus.ko.xz");
  CHECK(refusal(root) ==
        "error: the kernel's module "
        "'/usr/lib/modules/6.12.9-1.azl4/kernel/hv_vmbus.ko.xz', which "
        "modules.dep names, is missing\n");
}

TEST_CASE("links of a root lead nowhere outside of it, and not in circles") {
  MemoryRoot root;
  root.link("/a", "b").link("/b", "a").link("/up", "../../../etc/target").file("/etc/target", "x");
  tree::InitramfsTree tree(root);
  CHECK_FALSE(tree.take("/a"));
  CHECK_FALSE(tree.take("/none/below"));
  CHECK_FALSE(tree.take("/etc"));
  CHECK_FALSE(tree.has("/a"));
  CHECK(tree.take("/up"));
  CHECK(tree.has("/etc/target"));
}
