#include "composer/image_facts.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "composer/error.h"
#include "composer/image_diff.h"

#include "tests/unit/inspect/images.h"

using namespace composer;
using namespace composer::test;

namespace {

constexpr const char* kRootUuid = "12345678-1234-1234-1234-123456789abc";

/// A disk with an ESP and a root, and GRUB's configuration in it; made without privilege.
std::filesystem::path make_disk(const Scratch& scratch, const std::string& command_line) {
  namespace fs = std::filesystem;
  const auto text = [&](const std::string& name) { return scratch.text(name); };
  fs::create_directories(scratch / "root/etc");
  fs::create_directories(scratch / "root/boot/efi");
  fs::create_directories(scratch / "root/boot/loader/entries");
  fs::create_directories(scratch / "root/usr/lib/modules/6.12.0");
  write_bytes(scratch / "root/usr/lib/os-release",
              "ID=azurelinux\nVERSION_ID=4.0\nPRETTY_NAME=\"Azure Linux 4.0\"\n");
  write_bytes(
      scratch / "root/etc/fstab",
      fmt::format("UUID={} / ext4 defaults 0 1\nUUID=1234-ABCD /boot/efi vfat x 0 2\n", kRootUuid));
  write_bytes(scratch / "root/boot/vmlinuz-6.12.0", "kernel");
  write_bytes(scratch / "root/boot/initramfs-6.12.0.img", "initramfs");
  write_bytes(scratch / "root/boot/loader/entries/a.conf",
              fmt::format("title Azure Linux\nlinux /boot/vmlinuz-6.12.0\n"
                          "initrd /boot/initramfs-6.12.0.img\noptions {}\n",
                          command_line));
  shell(fmt::format("truncate -s 64M '{}'", text("disk")));
  write_bytes(scratch / "script",
              "label: gpt\nlabel-id: 11111111-2222-3333-4444-555555555555\n"
              "start=2048, size=32768, name=esp, uuid=aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee, "
              "type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B\n"
              "start=36864, size=65536, name=root, uuid=aaaaaaaa-bbbb-cccc-dddd-ffffffffffff, "
              "type=4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709\n");
  shell(fmt::format("sfdisk '{}' < '{}'", text("disk"), text("script")));
  shell(fmt::format("truncate -s 16M '{0}' && mkfs.fat -i 1234abcd -n ESP '{0}'", text("esp")));
  shell(fmt::format("rm -f '{2}' && mke2fs -q -F -t ext4 -L azurelinux -U {0} -d '{1}' '{2}' 32M",
                    kRootUuid, text("root"), text("rootfs")));
  for (const auto& [name, place] : {std::pair{"esp", 1}, {"rootfs", 18}}) {
    shell(fmt::format("dd if='{}' of='{}' bs=1M seek={} conv=notrunc", text(name), text("disk"),
                      place));
  }
  return scratch / "disk";
}

}  // namespace

TEST_CASE("an image is told from its file to its kernel's command line") {
  const Scratch scratch;
  SilentProgress progress;
  const auto disk = make_disk(scratch, "root=UUID=1 console=ttyS0");
  shell(
      fmt::format("qemu-img convert -O qcow2 '{}' '{}'", disk.string(), scratch.text("vm.qcow2")));
  const ImageFacts facts = read_image_facts(scratch / "vm.qcow2", progress);
  std::string text = describe(facts, PackageList::count);
  // How much the file takes is QEMU's affair and the host's.
  text.erase(0, text.find("\n  version"));
  CHECK(text ==
        "\n"
        "  version 3, clusters of 64 KiB, compression type zlib\n"
        "\n"
        "partition table: gpt, 11111111-2222-3333-4444-555555555555\n"
        "  1  esp        esp         at 1 MiB     16 MiB     vfat   1234-ABCD 'ESP'  /boot/efi\n"
        "  2  root       root        at 18 MiB    32 MiB     ext4   "
        "12345678-1234-1234-1234-123456789abc 'azurelinux'  /\n"
        "\n"
        "system: Azure Linux 4.0 (azurelinux 4.0), unknown\n"
        "  kernel 6.12.0\n"
        "\n"
        "boot:\n"
        "  /boot/loader/entries/a.conf starts /boot/vmlinuz-6.12.0\n"
        "    root=UUID=1 console=ttyS0\n"
        "\n"
        "packages: unknown: the image has neither an rpm database of SQLite nor "
        "dpkg's list\n");
  const auto json = nlohmann::json::parse(to_json(facts));
  CHECK(json["container"] == "qcow2");
  CHECK(json["virtual_size"] == 64 << 20);
  CHECK(json["disk"]["partitions"][0]["type"] == "esp");
  CHECK(json["filesystems"][1]["mounted_at"][0] == "/");
  CHECK(json["boot_entries"][0]["arguments"][1] == "console=ttyS0");
  CHECK(json["packages"].is_null());
}

TEST_CASE("a disk without a system is told as far as it goes") {
  const Scratch scratch;
  SilentProgress progress;
  shell(fmt::format("truncate -s 8M '{0}' && mkfs.fat -i 1234abcd '{0}'", scratch.text("disk")));
  const ImageFacts facts = read_image_facts(scratch / "disk", progress);
  REQUIRE(facts.filesystems.size() == 1);
  CHECK(facts.filesystems[0].type == "vfat");
  CHECK(facts.architecture.empty());
  REQUIRE_FALSE(facts.problems.empty());
  CHECK(facts.problems.back().find("cannot find a root filesystem") == 0);
}

TEST_CASE("two images differ in what was changed, and in nothing else") {
  const Scratch one, two;
  SilentProgress progress;
  const auto before = make_disk(one, "root=UUID=1 console=ttyS0");
  const auto after = make_disk(two, "root=UUID=1 console=ttyS0 quiet");
  CHECK(compare_images(before, before, progress).same());
  const ImageDifferences found = compare_images(before, after, progress);
  std::vector<std::string> subjects;
  for (const Difference& difference : found.differences) {
    subjects.push_back(difference.part + " " + difference.subject + " " + difference.aspect);
  }
  CHECK(subjects == std::vector<std::string>{"boot /boot/loader/entries/a.conf kernel command line",
                                             "files /boot/loader/entries/a.conf size",
                                             "files /boot/loader/entries/a.conf content"});
  CHECK(nlohmann::json::parse(to_json(found))["same"] == false);
}

TEST_CASE("the types of partitions have the blueprint's names") {
  using inspect::TableKind;
  CHECK(partition_type_name(TableKind::gpt, "b921b045-1df0-41c3-af44-4c6f280d3fae") == "root");
  CHECK(partition_type_name(TableKind::mbr, "83") == "linux-data");
  CHECK(partition_type_name(TableKind::mbr, "ef") == "esp");
  CHECK(partition_type_name(TableKind::gpt, "00000000-0000-0000-0000-000000000001") ==
        "00000000-0000-0000-0000-000000000001");
}
