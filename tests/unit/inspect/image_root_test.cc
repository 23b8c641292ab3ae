#include "composer/inspect/image_root.h"

#include <fmt/format.h>

#include "composer/error.h"
#include "composer/inspect/fstab.h"

#include "tests/unit/inspect/images.h"

using namespace composer;
using namespace composer::inspect;
using namespace composer::test;
using Source = ImageRoot::Source;
using Texts = std::vector<std::string>;

namespace {

constexpr const char* kRootUuid = "12345678-1234-1234-1234-123456789abc";

/// A disk with an ESP, a /boot and a root, all made without privilege.
struct Image {
  explicit Image(const std::string& fstab,
                 const std::string& root_type = "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709") {
    namespace fs = std::filesystem;
    fs::create_directories(scratch / "root/etc");
    fs::create_directories(scratch / "root/boot/efi");
    fs::create_directories(scratch / "root/efi");
    fs::create_directories(scratch / "root/usr/lib");
    write_bytes(scratch / "root/usr/lib/os-release", "ID=azurelinux\n");
    if (!fstab.empty()) write_bytes(scratch / "root/etc/fstab", fstab);
    fs::create_directories(scratch / "boot/efi");
    write_bytes(scratch / "boot/vmlinuz", "kernel");
    write_bytes(scratch / "BOOTX64.EFI", "loader");
    shell(fmt::format("truncate -s 64M '{}'", text("disk")));
    write_bytes(scratch / "script",
                fmt::format("label: gpt\n"
                            "start=2048, size=32768, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B, "
                            "uuid=aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee\n"
                            "start=36864, size=16384, type=BC13C2FF-59E6-4262-A352-B275FD6F7172\n"
                            "start=57344, size=65536, type={}\n",
                            root_type));
    shell(fmt::format("sfdisk '{}' < '{}'", text("disk"), text("script")));
    shell(
        fmt::format("truncate -s 16M '{0}' && mkfs.fat -i 1234abcd '{0}' && mmd -i '{0}' "
                    "::/EFI ::/EFI/BOOT && mcopy -i '{0}' '{1}' ::/EFI/BOOT/",
                    text("esp"), text("BOOTX64.EFI")));
    shell(fmt::format("mke2fs -q -F -t ext4 -L boot -d '{}' '{}' 8M", text("boot"), text("xbl")));
    shell(fmt::format("mke2fs -q -F -t ext4 -U {} -d '{}' '{}' 32M", kRootUuid, text("root"),
                      text("rootfs")));
    for (const auto& [name, place] : {std::pair{"esp", 1}, {"xbl", 18}, {"rootfs", 28}}) {
      shell(fmt::format("dd if='{}' of='{}' bs=1M seek={} conv=notrunc", text(name), text("disk"),
                        place));
    }
  }
  std::string text(const std::string& name) const { return scratch.text(name); }
  std::unique_ptr<ImageRoot> open(const std::string& name = "disk") const {
    return open_image(scratch / name, progress);
  }

  Scratch scratch;
  mutable SilentProgress progress;
};

}  // namespace

TEST_CASE("names of the first disk's partitions in an fstab are those of this image") {
  const Image image(
      "/dev/sda3 / ext4 defaults 0 1\n/dev/nvme0n1p2 /boot ext4 x 0 2\n"
      "/dev/sda9 /srv ext4 x 0 2\n/dev/sdb1 /efi ext4 x 0 2\n");
  const auto opened = image.open();
  REQUIRE(opened->mounts().size() == 4);
  CHECK(opened->mounts()[0].filesystem == 2U);
  CHECK(opened->mounts()[1].filesystem == 1U);
  CHECK_FALSE(opened->mounts()[2].filesystem);
  CHECK_FALSE(opened->mounts()[3].filesystem);
  CHECK(opened->root().read("/boot/vmlinuz") == "kernel");
}

TEST_CASE("an image is one tree, with the mounts of its fstab") {
  const Image image(
      fmt::format("# made\nUUID={} / ext4 defaults 0 1\n"
                  "PARTUUID=AAAAAAAA-bbbb-cccc-dddd-eeeeeeeeeeee /boot/efi vfat "
                  "umask=0077 0 2\nLABEL=boot /boot ext4 defaults 0 2\n"
                  "tmpfs /tmp tmpfs defaults 0 0\n",
                  kRootUuid));
  const std::string format = GENERATE("raw", "qcow2", "vpc -o force_size=on", "vhdx");
  shell(fmt::format("qemu-img convert -f raw -O {} '{}' '{}'", format, image.text("disk"),
                    image.text("image")));
  const auto opened = image.open("image");
  CHECK(opened->source() == Source::disk);
  CHECK(opened->problems() == Texts{});
  REQUIRE(opened->filesystems().size() == 3);
  CHECK(opened->filesystems()[0].mounted_at == Texts{"/boot/efi"});
  CHECK(opened->filesystems()[1].mounted_at == Texts{"/boot"});
  CHECK(opened->filesystems()[2].mounted_at == Texts{"/"});
  CHECK(opened->filesystems()[2].partition == 3);
  REQUIRE(opened->mounts().size() == 4);
  CHECK(opened->mounts()[1].line == 3);
  CHECK(opened->mounts()[1].filesystem == 0U);
  CHECK_FALSE(opened->mounts()[3].filesystem);
  const ReadRoot& root = opened->root();
  CHECK(root.read("/usr/lib/os-release") == "ID=azurelinux\n");
  CHECK(root.read("/boot/vmlinuz") == "kernel");
  CHECK(root.read("/boot/efi/EFI/BOOT/BOOTX64.EFI") == "loader");
  CHECK(root.read("/boot/efi/../vmlinuz") == "kernel");
  CHECK(root.read("/boot/../usr/lib/os-release") == "ID=azurelinux\n");
  CHECK(opened->disk()->partitions.size() == 3);
}

TEST_CASE("without an fstab partitions go where their types say") {
  const Image image("");
  const auto opened = image.open();
  CHECK(opened->problems() == Texts{});
  CHECK(opened->filesystems()[0].mounted_at == Texts{"/efi"});
  CHECK(opened->root().read("/efi/EFI/BOOT/BOOTX64.EFI") == "loader");
  CHECK(opened->filesystems()[1].mounted_at == Texts{});  // /boot has a directory.
}

TEST_CASE("a root without its type is found by its fstab, and what it misses is said") {
  const Image image(
      fmt::format("UUID={} / ext4 defaults 0 1\nUUID=99-99 /boot ext4 x 0 0\n", kRootUuid),
      "0FC63DAF-8483-4772-8E79-3D69D8477DE4");
  const auto opened = image.open();
  CHECK(opened->filesystems()[2].mounted_at == Texts{"/"});
  CHECK(opened->problems() == Texts{"/etc/fstab line 2: nothing on this disk is 'UUID=99-99'"});
}

TEST_CASE("a disk without a root filesystem says what it has") {
  const Image image("");
  shell(fmt::format("dd if=/dev/zero of='{}' bs=1M seek=28 count=32 conv=notrunc",
                    image.text("disk")));
  try {
    image.open();
    FAIL("it was opened");
  } catch (const Error& error) {
    CHECK(error.what() == fmt::format("cannot find a root filesystem in '{}'", image.text("disk")));
    CHECK(error.problems().at(0).notes == Texts{"the vfat filesystem of partition 1 is not one",
                                                "the ext4 filesystem of partition 2 is not one"});
  }
}

TEST_CASE("a filesystem on the whole disk, a tar archive and a directory are roots too") {
  const Image image("LABEL=other /data ext4 defaults 0 0\n");
  const auto whole = image.open("rootfs");
  CHECK(whole->disk()->kind == TableKind::none);
  CHECK(whole->filesystems().at(0).mounted_at == Texts{"/"});
  CHECK(whole->root().read("/usr/lib/os-release") == "ID=azurelinux\n");
  shell(fmt::format("tar -C '{}' -czf '{}' .", image.text("root"), image.text("root.tar.gz")));
  const auto archive = image.open("root.tar.gz");
  CHECK(archive->source() == Source::archive);
  CHECK(archive->root().read("/usr/lib/os-release") == "ID=azurelinux\n");
  CHECK(archive->mounts().size() == 1);
  CHECK_FALSE(archive->disk());
  const auto folder = image.open("root");
  CHECK(folder->source() == Source::directory);
  CHECK(folder->root().read("/usr/lib/os-release") == "ID=azurelinux\n");
  CHECK_FALSE(folder->container());
}

TEST_CASE("an fstab is read with its escapes, comments and missing fields") {
  const auto mounts = parse_fstab(
      "# UUID=x /x\n\n  LABEL=a\\040b\t/mnt/a\\134b  ext4\n/dev/sda1 /y xfs rw,noatime 0 "
      "2\nalone\n");
  REQUIRE(mounts.size() == 2);
  CHECK(mounts[0].line == 3);
  CHECK(mounts[0].source == "LABEL=a b");
  CHECK(mounts[0].point == "/mnt/a\\b");
  CHECK(mounts[0].type == "ext4");
  CHECK(mounts[0].options.empty());
  CHECK(mounts[1].options == "rw,noatime");
}
