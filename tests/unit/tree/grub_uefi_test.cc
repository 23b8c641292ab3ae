#include "composer/tree/grub_efi_image.h"

#include "sample.h"

using namespace composer;
using Catch::Matchers::Equals;

namespace {

constexpr const char* kStub =
    "search --no-floppy --fs-uuid --set=root 11111111-2222-8333-8444-555555555555\n"
    "set prefix=($root)/boot/grub2\n"
    "configfile $prefix/grub.cfg\n";

std::string utf16(std::string_view text) {
  std::string wide("\xff\xfe");
  for (const char c : text) wide += std::string{c, '\0'};
  return wide;
}

std::string refusal(MemoryRoot& root, const Plan& plan) {
  return test::message_of([&] { test::apply("GRUB for UEFI", plan, root); });
}

}  // namespace

TEST_CASE("shim and GRUB are put where firmware without boot entries looks, each with a stub") {
  MemoryRoot root = test::sample_root();
  test::apply("GRUB for UEFI", test::sample_plan(), root);
  CHECK(root.read("/boot/efi/EFI/BOOT/BOOTX64.EFI") == "shim");
  CHECK(root.read("/boot/efi/EFI/BOOT/mmx64.efi") == "mok manager");
  CHECK(root.read("/boot/efi/EFI/BOOT/grubx64.efi") ==
        root.read("/boot/efi/EFI/azurelinux/grubx64.efi"));
  CHECK(root.read("/boot/efi/EFI/BOOT/grub.cfg") == kStub);
  CHECK(root.read("/boot/efi/EFI/azurelinux/grub.cfg") == kStub);
}

TEST_CASE("a stub is also where the GRUB binary itself looks") {
  MemoryRoot root = test::sample_root();
  root.file("/boot/efi/EFI/azurelinux/grubx64.efi", test::grub_efi({"ext2"}, "/efi/debian"));
  test::apply("GRUB for UEFI", test::sample_plan(), root);
  CHECK(root.read("/boot/efi/EFI/debian/grub.cfg") == kStub);
}

TEST_CASE("names on the ESP are found whatever their case, and what packages put there stays") {
  MemoryRoot root;
  root = test::sample_root();
  root.file("/boot/efi/EFI/Boot/bootx64.efi", "packaged shim");
  test::apply("GRUB for UEFI", test::sample_plan(), root);
  CHECK(root.read("/boot/efi/EFI/Boot/bootx64.efi") == "packaged shim");
  CHECK_FALSE(root.exists("/boot/efi/EFI/Boot/BOOTX64.EFI"));
  CHECK_FALSE(root.exists("/boot/efi/EFI/BOOT"));
  CHECK(root.read("/boot/efi/EFI/Boot/grub.cfg") == kStub);
}

TEST_CASE("without shim GRUB itself is what the firmware starts") {
  MemoryRoot root = test::sample_root();
  root.remove("/boot/efi/EFI/azurelinux/shimx64.efi");
  test::apply("GRUB for UEFI", test::sample_plan(), root);
  CHECK(root.read("/boot/efi/EFI/BOOT/BOOTX64.EFI") ==
        root.read("/boot/efi/EFI/azurelinux/grubx64.efi"));
}

TEST_CASE("shim's fallback stays where its table leads to a loader, and goes where it does not") {
  MemoryRoot root = test::sample_root();
  root.file("/boot/efi/EFI/BOOT/fbx64.efi", "fallback")
      .file("/boot/efi/EFI/azurelinux/BOOTX64.CSV", utf16("shimx64.efi,Azure Linux,,x\r\n"));
  test::apply("GRUB for UEFI", test::sample_plan(), root);
  CHECK(root.exists("/boot/efi/EFI/BOOT/fbx64.efi"));

  root.file("/boot/efi/EFI/azurelinux/BOOTX64.CSV", utf16("gone.efi,Azure Linux,,x\r\n"));
  test::NotedProgress progress;
  test::step("GRUB for UEFI").apply(test::sample_plan(), root, progress);
  CHECK_FALSE(root.exists("/boot/efi/EFI/BOOT/fbx64.efi"));
  CHECK(progress.notes == std::vector<std::string>{"'/boot/efi/EFI/BOOT/fbx64.efi' has no table of "
                                                   "loaders to restore: removed"});
}

TEST_CASE("on aarch64 the names are that architecture's") {
  MemoryRoot root = test::sample_root();
  root.file("/boot/efi/EFI/azurelinux/grubaa64.efi", test::grub_efi({"ext2"}, "/EFI/azurelinux"))
      .file("/boot/efi/EFI/azurelinux/shimaa64.efi", "arm shim");
  Plan plan = test::sample_plan();
  plan.arch = Architecture::aarch64;
  plan.boot.firmware = Firmware::uefi;
  test::apply("GRUB for UEFI", plan, root);
  CHECK(root.read("/boot/efi/EFI/BOOT/BOOTAA64.EFI") == "arm shim");
  CHECK(root.exists("/boot/efi/EFI/BOOT/grubaa64.efi"));
  CHECK_FALSE(root.exists("/boot/efi/EFI/BOOT/BOOTX64.EFI"));
}

TEST_CASE("an image without a GRUB for UEFI, an ESP or its filesystem's module is refused") {
  MemoryRoot root = test::sample_root();
  Plan plan = test::sample_plan();
  plan.disk.partitions[2].filesystem->type = FilesystemType::xfs;
  CHECK_THAT(refusal(root, plan),
             Equals("error: the image's GRUB cannot read the filesystem with /boot: "
                    "'/boot/efi/EFI/azurelinux/grubx64.efi' lacks the module 'xfs'\n"
                    "  hint: use ext4 for the filesystem with /boot\n"));
  plan = test::sample_plan();
  plan.disk.partitions[1].filesystem->mount = "/efi";
  CHECK_THAT(refusal(root, plan),
             Equals("error: no GRUB for UEFI is installed below '/efi'\n"
                    "  hint: its packages install into /boot/efi: mount the ESP there\n"));
  root.file("/boot/efi/EFI/azurelinux/grubx64.efi", "MZ something else");
  CHECK_THAT(refusal(root, test::sample_plan()),
             Equals("error: '/boot/efi/EFI/azurelinux/grubx64.efi' is not a GRUB for UEFI\n"));
  root.remove("/boot/efi/EFI/azurelinux/grubx64.efi");
  CHECK_THAT(refusal(root, test::sample_plan()),
             Equals("error: no GRUB for UEFI is installed below '/boot/efi'\n"
                    "  hint: add 'grub2-efi-x64' and 'shim' to packages.install\n"));
  plan.disk.partitions.erase(plan.disk.partitions.begin() + 1);
  CHECK_THAT(refusal(root, plan),
             Equals("error: an image that boots by UEFI has no mounted ESP\n"
                    "  hint: mount the partition of type 'esp' at /boot/efi\n"));
}

TEST_CASE("a GRUB binary says its prefix and modules") {
  const auto image =
      tree::read_grub_efi_image(test::grub_efi({"xfs", "ext2"}, "(,gpt1)/EFI/fedora/"));
  REQUIRE(image);
  CHECK(image->prefix == "/EFI/fedora");
  CHECK(image->modules == std::vector<std::string>{"ext2", "xfs"});
  CHECK(image->has("xfs"));
  CHECK_FALSE(image->has("btrfs"));
  CHECK(tree::read_grub_efi_image(test::grub_efi({"a"}, "(memdisk)/boot/grub"))->prefix.empty());
  CHECK(tree::read_grub_efi_image(test::grub_efi({"a"}, "/EFI/../../x"))->prefix.empty());
  CHECK(tree::read_grub_efi_image(test::grub_efi({"a"}, "relative"))->prefix.empty());
  CHECK_FALSE(tree::read_grub_efi_image(test::grub_efi({}, "/EFI/fedora")));
}

TEST_CASE("a GRUB binary that is cut or has a wrong byte is read or refused, never followed") {
  const std::string image = test::grub_efi({"xfs", "ext2"}, "/EFI/fedora");
  for (std::size_t n = 0; n < image.size(); n++) {
    tree::read_grub_efi_image(std::string_view(image).substr(0, n));
  }
  for (std::size_t i = 0; i < image.size(); i++) {
    for (const char byte : {'\0', '\x7f', '\xff'}) {
      std::string damaged = image;
      damaged[i] = byte;
      const auto found = tree::read_grub_efi_image(damaged);
      CHECK((!found || found->modules.size() <= 2));
    }
  }
}
