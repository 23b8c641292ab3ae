#include "sample.h"

using namespace composer;
using Catch::Matchers::Equals;

TEST_CASE("GRUB for BIOS: modules and boot.img are copied, the core image made by UUID") {
  MemoryRoot root = test::sample_root();
  test::apply("GRUB for BIOS", test::sample_plan(), root);
  CHECK(root.list("/boot/grub2/i386-pc") ==
        std::vector<std::string>{"boot.img", "command.lst", "core.img", "load.cfg", "normal.mod"});
  CHECK(root.read("/boot/grub2/i386-pc/load.cfg") ==
        "search.fs_uuid 11111111-2222-8333-8444-555555555555 root\n"
        "set prefix=($root)/boot/grub2\n");
  REQUIRE(root.commands.size() == 1);
  CHECK(root.commands[0].arguments ==
        std::vector<std::string>{"grub2-mkimage", "--format=i386-pc",
                                 "--directory=/usr/lib/grub/i386-pc",
                                 "--config=/boot/grub2/i386-pc/load.cfg", "--prefix=/boot/grub2",
                                 "--output=/boot/grub2/i386-pc/core.img", "ext2", "biosdisk",
                                 "part_gpt", "part_msdos", "search", "search_fs_uuid", "normal",
                                 "configfile", "linux", "serial", "terminal", "test", "loadenv"});
  const tree::BiosBootImages images = tree::bios_boot_images(test::sample_plan(), root);
  CHECK(images.boot_image == "boot image");
  CHECK(images.core_image == "core image");
}

TEST_CASE("the core image reads the filesystem with /boot, whatever it is") {
  MemoryRoot root = test::sample_root();
  Plan plan = test::sample_plan();
  plan.boot.firmware = Firmware::bios;
  plan.disk.partitions.push_back(
      test::partition(PartitionType::xbootldr, FilesystemType::xfs, "9999", "/boot"));
  test::apply("GRUB for BIOS", plan, root);
  CHECK(root.commands[0].arguments[4] == "--prefix=/grub2");
  CHECK(root.commands[0].arguments[6] == "xfs");
  CHECK(root.read("/boot/grub2/i386-pc/load.cfg") ==
        "search.fs_uuid 9999 root\nset prefix=($root)/grub2\n");
}

TEST_CASE("an image that boots by UEFI alone has no BIOS images") {
  Plan plan = test::sample_plan();
  plan.boot.firmware = Firmware::uefi;
  CHECK_FALSE(test::step("GRUB for BIOS").wanted(plan));
  const tree::BiosBootImages images = tree::bios_boot_images(plan, MemoryRoot());
  CHECK(images.boot_image.empty());
  CHECK(images.core_image.empty());
}

TEST_CASE("BIOS images that configure did not leave are an error") {
  CHECK_THAT(test::message_of([] { tree::bios_boot_images(test::sample_plan(), MemoryRoot()); }),
             Equals("error: the root has no '/boot/grub2/i386-pc/boot.img'\n"));
}

TEST_CASE("what GRUB for BIOS needs and does not have is named with its package") {
  const auto refusal = [](MemoryRoot root, Plan plan = test::sample_plan()) {
    return test::message_of([&] { test::apply("GRUB for BIOS", plan, root); });
  };
  MemoryRoot root = test::sample_root();
  root.remove("/usr/bin/grub2-mkimage");
  CHECK_THAT(refusal(root),
             Equals("error: the image has no 'grub2-mkimage', which makes GRUB's core image\n"
                    "  hint: add 'grub2-tools-minimal' to packages.install\n"));
  root.remove("/usr/lib/grub/i386-pc/boot.img");
  CHECK_THAT(refusal(root), Equals("error: no GRUB for BIOS is installed: the image has no "
                                   "'/usr/lib/grub/i386-pc/boot.img'\n"
                                   "  hint: add 'grub2-pc' to packages.install\n"));
  Plan plan = test::sample_plan();
  plan.arch = Architecture::aarch64;
  CHECK_THAT(refusal(test::sample_root(), plan),
             Equals("error: only x86_64 boots by BIOS\n  hint: set boot.firmware to uefi\n"));
}

TEST_CASE("a grub2-mkimage that makes nothing is an error") {
  MemoryRoot root = test::sample_root();
  root.on_run = [](MemoryRoot&, const RootCommand&) { return RootCommandResult{}; };
  CHECK_THAT(test::message_of([&] { test::apply("GRUB for BIOS", test::sample_plan(), root); }),
             Equals("error: 'grub2-mkimage' made no core image\n"));
}
