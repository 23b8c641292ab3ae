#include "composer/tree/boot_place.h"
#include "composer/tree/kernel_modules.h"
#include "composer/tree/kernel_versions.h"

#include "sample.h"

using namespace composer;
using Catch::Matchers::Equals;

TEST_CASE("a kernel's files are copied to /boot with their modes") {
  MemoryRoot root = test::sample_root();
  test::apply("kernels", test::sample_plan(), root);
  CHECK(root.read("/boot/vmlinuz-6.12.9-1.azl4") == "kernel");
  CHECK(root.status("/boot/vmlinuz-6.12.9-1.azl4")->mode == 0755);
  CHECK(root.read("/boot/config-6.12.9-1.azl4") == "CONFIG_RD_GZIP=y\nCONFIG_RD_ZSTD=y\n");
  CHECK(root.status("/boot/System.map-6.12.9-1.azl4")->mode == 0600);
  CHECK(root.commands.empty());
}

TEST_CASE("files that a package put into /boot stay, FIPS' checksum names its file there") {
  MemoryRoot root = test::sample_root();
  root.file("/boot/vmlinuz-6.12.9-1.azl4", "packaged")
      .file("/usr/lib/modules/6.12.9-1.azl4/.vmlinuz.hmac", "abc123  vmlinuz\n");
  test::apply("kernels", test::sample_plan(), root);
  CHECK(root.read("/boot/vmlinuz-6.12.9-1.azl4") == "packaged");
  CHECK(root.read("/boot/.vmlinuz-6.12.9-1.azl4.hmac") == "abc123  /boot/vmlinuz-6.12.9-1.azl4\n");
}

TEST_CASE("depmod runs where modules.dep is missing") {
  MemoryRoot root = test::sample_root();
  root.remove("/usr/lib/modules/6.12.9-1.azl4/modules.dep");
  test::apply("kernels", test::sample_plan(), root);
  REQUIRE(root.commands.size() == 1);
  CHECK(root.commands[0].arguments == std::vector<std::string>{"depmod", "-a", "6.12.9-1.azl4"});
}

TEST_CASE("an image without a kernel is refused") {
  MemoryRoot root;
  root.directory("/usr/lib/modules/6.1-leftover/extra");
  CHECK_THAT(test::message_of([&] { test::apply("kernels", test::sample_plan(), root); }),
             Equals("error: no kernel is installed in the image\n"
                    "  hint: add 'kernel' to packages.install\n"));
}

TEST_CASE("a kernel version that would break out of a boot entry is refused") {
  MemoryRoot root;
  root.file("/usr/lib/modules/6.1 } evil/vmlinuz", "");
  CHECK_THAT(
      test::message_of([&] { test::apply("kernels", test::sample_plan(), root); }),
      Equals("error: a kernel of the image has a version that no boot entry can name: '6.1 } "
             "evil'\n"));
}

TEST_CASE("kernels are listed newest first by rpm's order") {
  MemoryRoot root;
  for (const char* version : {"6.9.1", "6.12.0", "6.12.0~rc1", "6.12.0-2", "6.12.0-10"}) {
    root.file(std::string("/usr/lib/modules/") + version + "/vmlinuz", "");
  }
  CHECK(tree::installed_kernels(root) ==
        std::vector<std::string>{"6.12.0-10", "6.12.0-2", "6.12.0", "6.12.0~rc1", "6.9.1"});
}

TEST_CASE("versions compare as rpm's tests say") {
  // From rpm 4.18's tests/rpmvercmp.at.
  struct Case {
    const char *a, *b;
    int order;
  };
  for (const Case& c : {Case{"1.0", "1.0", 0},
                        Case{"1.0", "2.0", -1},
                        Case{"2.0.1", "2.0.1a", -1},
                        Case{"5.5p1", "5.5p10", -1},
                        Case{"10xyz", "10.1xyz", -1},
                        Case{"xyz.4", "8", -1},
                        Case{"xyz.4", "2", -1},
                        Case{"5.6p1", "5.6p2", -1},
                        Case{"6.5p1", "5.6p1", 1},
                        Case{"6.0.rc1", "6.0", 1},
                        Case{"10b2", "10a1", 1},
                        Case{"1.0aa", "1.0a", 1},
                        Case{"10.0001", "10.1", 0},
                        Case{"4.999.9", "5.0", -1},
                        Case{"20101122", "20101121", 1},
                        Case{"2_0", "2.0", 0},
                        Case{"a+", "a_", 0},
                        Case{"1.0~rc1", "1.0", -1},
                        Case{"1.0~rc1", "1.0~rc2", -1},
                        Case{"1.0~rc1~git123", "1.0~rc1", -1},
                        Case{"1.0^", "1.0", 1},
                        Case{"1.0^git1", "1.0^git2", -1},
                        Case{"1.0^git1", "1.01", -1},
                        Case{"1.0^20160101", "1.0.1", -1},
                        Case{"1.0~rc1^git1", "1.0~rc1", 1},
                        Case{"1.0^git1~pre", "1.0^git1", -1}}) {
    CAPTURE(c.a, c.b);
    const int order = tree::compare_versions(c.a, c.b);
    CHECK((order > 0) - (order < 0) == c.order);
    const int reverse = tree::compare_versions(c.b, c.a);
    CHECK((reverse > 0) - (reverse < 0) == -c.order);
  }
}

TEST_CASE("module names are read from modules.dep and modules.builtin") {
  CHECK(tree::module_names("kernel/a/hv-vmbus.ko.xz: kernel/b/x.ko\nkernel/fs/ext4.ko\n\n") ==
        std::set<std::string>{"hv_vmbus", "ext4"});
}

TEST_CASE("drivers that are built in are not asked for, and those that are nowhere are named") {
  const auto choice = tree::choose_drivers({"a", "b", "c"}, "x/a.ko:\n", "x/b.ko\n");
  CHECK(choice.modules == std::vector<std::string>{"a"});
  CHECK(choice.missing == std::vector<std::string>{"c"});
}

TEST_CASE("the drivers are those of Hyper-V, QEMU and the layout's filesystems") {
  Plan plan = test::sample_plan();
  const auto has = [&](const std::string& name) {
    const auto names = tree::wanted_drivers(plan);
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  for (const char* name :
       {"hv_vmbus", "hv_storvsc", "hv_netvsc", "virtio_scsi", "ata_piix", "nvme", "ext4", "vfat"}) {
    CAPTURE(name);
    CHECK(has(name));
  }
  CHECK_FALSE(has("xfs"));
  plan.disk.partitions.push_back(
      test::partition(PartitionType::var, FilesystemType::xfs, "4", "/var"));
  plan.arch = Architecture::aarch64;
  CHECK(has("xfs"));
  CHECK_FALSE(has("ata_piix"));
}

TEST_CASE("the kernel command line is left for later kernels and for grub2-mkconfig") {
  MemoryRoot root = test::sample_root();
  test::apply("kernel command line", test::sample_plan(), root);
  CHECK(root.read("/etc/kernel/cmdline") ==
        "root=UUID=11111111-2222-8333-8444-555555555555 console=ttyS0 earlyprintk=ttyS0\n");
  CHECK_THAT(*root.read("/etc/default/grub"),
             Equals("GRUB_DEFAULT=saved\nGRUB_TIMEOUT=1\nGRUB_DISTRIBUTOR=\"Azure Linux 4.0\"\n"
                    "GRUB_DISABLE_SUBMENU=true\nGRUB_DISABLE_RECOVERY=true\n"
                    "GRUB_TERMINAL=\"serial console\"\n"
                    "GRUB_SERIAL_COMMAND=\"serial --unit=0 --speed=115200\"\n"
                    "GRUB_CMDLINE_LINUX=\"console=ttyS0 earlyprintk=ttyS0\"\n"
                    "GRUB_ENABLE_BLSCFG=false\n"));
}

TEST_CASE("a kernel command line that no loader could pass on is refused") {
  MemoryRoot root = test::sample_root();
  Plan plan = test::sample_plan();
  plan.boot.kernel_command_line = "dyndbg=\"file x";
  CHECK_THAT(test::message_of([&] { test::apply("kernel command line", plan, root); }),
             Equals("error: the kernel command line has an open quote: "
                    "'root=UUID=11111111-2222-8333-8444-555555555555 dyndbg=\"file x'\n"));
  plan.boot.kernel_command_line = "a\nb";
  CHECK_THAT(test::message_of([&] { test::apply("kernel command line", plan, root); }),
             Equals("error: the kernel command line has a control character\n"));
}

TEST_CASE("a boot loader finds /boot in the subvolume that is mounted there, or on the root") {
  Plan plan = test::sample_plan();
  PlannedFilesystem& root = *plan.disk.partitions.back().filesystem;
  root.type = FilesystemType::btrfs;
  root.mount.clear();
  root.subvolumes = {{"@", "/", {}}};
  CHECK(tree::boot_place(plan).prefix == "/@/boot");
  CHECK(tree::boot_place(plan).filesystem == &root);
  root.subvolumes.push_back({"kernels", "/boot", {}});
  CHECK(tree::boot_place(plan).prefix == "/kernels");
}

TEST_CASE("an image without a disk has neither kernels nor boot loaders, and no fstab") {
  Plan plan = test::sample_plan();
  plan.disk.partitions.clear();
  for (const char* name : {"fstab", "kernels", "kernel command line", "GRUB menu", "GRUB for UEFI",
                           "GRUB for BIOS", "machine-id"}) {
    CAPTURE(name);
    CHECK_FALSE(test::step(name).wanted(plan));
  }
  plan.packages.emplace_back().name = "systemd";
  CHECK(test::step("machine-id").wanted(plan));
}
