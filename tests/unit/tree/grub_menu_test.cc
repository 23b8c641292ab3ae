#include <cstdlib>
#include <filesystem>

#include "composer/tree/grub_config.h"

#include "sample.h"
#include "tests/unit/blueprint/acceptance.h"

using namespace composer;
using Catch::Matchers::Equals;

namespace {

MemoryRoot root_with_boot_entries() {
  MemoryRoot root = test::sample_root();
  root.file("/boot/efi/EFI/azurelinux/grubx64.efi",
            test::grub_efi({"blscfg", "ext2"}, "/EFI/azurelinux"))
      .file("/usr/lib/grub/i386-pc/blscfg.mod", "");
  return root;
}

}  // namespace

TEST_CASE("grub.cfg lists the kernels, newest first, as the golden text says") {
  MemoryRoot root = test::sample_root();
  root.file("/usr/lib/modules/6.12.10-1.azl4/vmlinuz", "newer");
  test::apply("GRUB menu", test::sample_plan(), root);
  test::compare_with_file(*root.read("/boot/grub2/grub.cfg"),
                          COMPOSER_TEST_DATA "/golden/configure/grub.cfg.expected");
  CHECK(root.status("/boot/grub2/grub.cfg")->mode == 0600);
  CHECK(root.status("/boot/grub2/grubenv")->mode == 0600);
  CHECK_FALSE(root.exists("/boot/loader"));
}

TEST_CASE("where GRUB reads boot entries, each kernel is one and grub.cfg calls blscfg") {
  MemoryRoot root = root_with_boot_entries();
  test::apply("GRUB menu", test::sample_plan(), root);
  const std::string menu = *root.read("/boot/grub2/grub.cfg");
  CHECK(menu.ends_with("set boot=$root\nset blsdir=/boot/loader/entries\nblscfg\n"));
  CHECK(menu.find("menuentry") == std::string::npos);
  REQUIRE(root.list("/boot/loader/entries").size() == 1);
  const std::string name = root.list("/boot/loader/entries")[0];
  CHECK(name.size() == 32 + std::string("-6.12.9-1.azl4.conf").size());
  CHECK(name.ends_with("-6.12.9-1.azl4.conf"));
  CHECK_THAT(*root.read("/boot/loader/entries/" + name),
             Equals("title Azure Linux 4.0 (6.12.9-1.azl4)\n"
                    "version 6.12.9-1.azl4\n"
                    "linux /boot/vmlinuz-6.12.9-1.azl4\n"
                    "initrd /boot/initramfs-6.12.9-1.azl4.img\n"
                    "options root=UUID=11111111-2222-8333-8444-555555555555 console=ttyS0 "
                    "earlyprintk=ttyS0\n"
                    "grub_users $grub_users\n"
                    "grub_arg --unrestricted\n"
                    "grub_class kernel\n"));
}

TEST_CASE("upstream's GRUB is told by an argument where the boot entries are") {
  MemoryRoot root = test::sample_root();
  root.file("/boot/efi/EFI/azurelinux/grubx64.efi",
            test::grub_efi({"blsuki", "ext2"}, "/EFI/azurelinux"))
      .file("/usr/lib/grub/i386-pc/blsuki.mod", "");
  test::apply("GRUB menu", test::sample_plan(), root);
  const std::string menu = *root.read("/boot/grub2/grub.cfg");
  CHECK(menu.ends_with("fi\nblscfg --path /boot/loader/entries\n"));
  CHECK(root.list("/boot/loader/entries").size() == 1);
  // Two that read entries in different ways cannot share a grub.cfg.
  root.remove("/usr/lib/grub/i386-pc/blsuki.mod");
  root.file("/usr/lib/grub/i386-pc/blscfg.mod", "");
  test::apply("GRUB menu", test::sample_plan(), root);
  CHECK(root.read("/boot/grub2/grub.cfg")->find("menuentry") != std::string::npos);
}

TEST_CASE("one firmware's GRUB without blscfg is enough to list the kernels in grub.cfg") {
  MemoryRoot root = root_with_boot_entries();
  root.remove("/usr/lib/grub/i386-pc/blscfg.mod");
  test::apply("GRUB menu", test::sample_plan(), root);
  CHECK(root.read("/boot/grub2/grub.cfg")->find("menuentry") != std::string::npos);
  Plan uefi = test::sample_plan();
  uefi.boot.firmware = Firmware::uefi;
  test::apply("GRUB menu", uefi, root);
  CHECK(root.read("/boot/grub2/grub.cfg")->find("menuentry") == std::string::npos);
}

TEST_CASE("with /boot on a filesystem of its own, paths and UUID are that filesystem's") {
  MemoryRoot root = test::sample_root();
  Plan plan = test::sample_plan();
  plan.disk.partitions.push_back(
      test::partition(PartitionType::xbootldr, FilesystemType::ext4, "9999", "/boot"));
  test::apply("GRUB menu", plan, root);
  const std::string menu = *root.read("/boot/grub2/grub.cfg");
  CHECK(menu.find("--set=root 9999\n") != std::string::npos);
  CHECK(menu.find("  linux /vmlinuz-6.12.9-1.azl4 root=UUID=11111111-") != std::string::npos);
  CHECK(menu.find("  initrd /initramfs-6.12.9-1.azl4.img\n") != std::string::npos);
}

TEST_CASE("the menu waits as long as was asked, and leaves the serial port alone where told to") {
  MemoryRoot root = test::sample_root();
  Plan plan = test::sample_plan();
  plan.boot.timeout_seconds = 30;
  plan.boot.serial_console = false;
  test::apply("GRUB menu", plan, root);
  const std::string menu = *root.read("/boot/grub2/grub.cfg");
  CHECK(menu.find("set timeout=30\n") != std::string::npos);
  CHECK(menu.find("terminal_output console\n") != std::string::npos);
  CHECK(menu.find("serial") == std::string::npos);
  test::apply("kernel command line", plan, root);
  const std::string defaults = *root.read("/etc/default/grub");
  CHECK(defaults.find("GRUB_TIMEOUT=30\n") != std::string::npos);
  CHECK(defaults.find("GRUB_TERMINAL=console\n") != std::string::npos);
  CHECK(defaults.find("SERIAL") == std::string::npos);
}

TEST_CASE("the environment block is 1024 bytes and grub-editenv's own") {
  const std::string block = tree::grub_environment();
  REQUIRE(block.size() == 1024);
  CHECK(block.starts_with("# GRUB Environment Block\n# WARNING: "));
  CHECK(block.find_first_not_of('#', block.rfind('\n') + 1) == std::string::npos);
}

TEST_CASE("words of the kernel command line are quoted for GRUB's script") {
  CHECK(tree::grub_words("root=UUID=1 ro  quiet ") == "root=UUID=1 ro quiet");
  CHECK(tree::grub_words("a=$x b;c 'd") == "'a=$x' 'b;c' ''\\''d'");
  CHECK(tree::grub_words("dyndbg=\"file drivers/* +p\" x") == "'dyndbg=file drivers/* +p' x");
  CHECK(tree::grub_words("").empty());
}

TEST_CASE("the menu's title comes from os-release and cannot end its quotes") {
  CHECK(tree::system_title("ID=x\nPRETTY_NAME=\"Azure Linux 4.0 (Cloud)\"\n", "y") ==
        "Azure Linux 4.0 (Cloud)");
  CHECK(tree::system_title("PRETTY_NAME='x'; reboot; $(y) {z}\n", "y") == "x reboot (y) z");
  CHECK(tree::system_title("PRETTY_NAME=\n", "vm") == "vm");
  CHECK(tree::system_title(std::string("PRETTY_NAME=") + std::string(5000, 'a'), "y").size() ==
        100);
}

TEST_CASE("where grub-script-check is installed it accepts the texts") {
  if (std::system("command -v grub-script-check >/dev/null") != 0) {
    WARN("grub-script-check is not installed");
    return;
  }
  tree::GrubMenu menu;
  menu.title = "It's";
  menu.filesystem_uuid = "1";
  menu.boot_prefix = "/boot";
  menu.kernel_command_line = "a='$x' \"b c\"";
  menu.kernels = {"6.12.0~rc1"};
  for (const std::string& text : {tree::grub_configuration(menu), tree::grub_stub(menu),
                                  tree::grub_early_configuration(menu)}) {
    const std::string command = "printf '%s' \"$GRUB_TEXT\" | grub-script-check";
    ::setenv("GRUB_TEXT", text.c_str(), 1);
    CAPTURE(text);
    CHECK(std::system(command.c_str()) == 0);
  }
}
