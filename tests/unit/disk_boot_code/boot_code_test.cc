#include "composer/disk/boot_code.h"

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "composer/base/file_descriptor.h"

namespace composer::disk {
namespace {

using Catch::Matchers::Equals;

// Shaped like GRUB 2.12's boot.img: the jump, the words that it prints, the boot signature, and a
// byte of its own in every place that the disk's may not be lost or must be.
std::string boot_image() {
  std::string image(512, '\x11');
  image[0] = '\xeb';
  image[1] = '\x63';
  image[0x64] = '\xff';
  image.replace(0x65, 3, "\xfa\xeb\x05");
  image.replace(0x180, 5, "GRUB ");
  image.replace(0x1fe, 2, "\x55\xaa");
  return image;
}

std::string core_image(std::size_t size) {
  std::string image(size, '\x22');
  image.replace(0, 512, std::string(512, '\0'));
  image.replace(0x11b, 7, "loading");
  const std::string_view block("\x02\0\0\0\0\0\0\0\x93\x01\x20\x08", 12);
  image.replace(0x1f4, 12, block);
  return image;
}

std::string disk_sector() {
  std::string sector(512, '\0');
  sector.replace(0x03, 0x57, std::string(0x57, '\x33'));
  sector.replace(0x1b8, 0x46, std::string(0x46, '\x44'));
  sector.replace(0x1fe, 2, "\x55\xaa");
  return sector;
}

PlannedPartition partition(PartitionType type, Bytes start, Bytes size) {
  PlannedPartition made;
  made.type = type;
  made.start = start;
  made.size = size;
  return made;
}

PlannedDisk gpt_disk() {
  PlannedDisk disk;
  disk.size = MiB(8);
  disk.partitions = {partition(PartitionType::bios_boot, MiB(1), MiB(1)),
                     partition(PartitionType::root, MiB(2), MiB(5))};
  return disk;
}

template <typename Body>
std::string message_of(Body&& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.to_text();
  }
  return "no error";
}

TEST_CASE("the core image's place is the bios-boot partition of a GPT disk") {
  const CoreArea area = core_area(gpt_disk());
  CHECK(area.sector == 2048);
  CHECK(area.room == MiB(1));
}

TEST_CASE("the core image's place is the gap before the first partition of an MBR disk") {
  PlannedDisk disk;
  disk.table = PartitionTableType::mbr;
  disk.size = MiB(8);
  disk.partitions = {partition(PartitionType::root, MiB(1), MiB(6))};
  const CoreArea area = core_area(disk);
  CHECK(area.sector == 1);
  CHECK(area.room == Bytes{MiB(1).count - 512});
}

TEST_CASE("a GPT disk without a bios-boot partition is refused") {
  PlannedDisk disk = gpt_disk();
  disk.partitions.erase(disk.partitions.begin());
  CHECK_THAT(message_of([&] { core_area(disk); }),
             Equals("error: the disk has no place for GRUB's core image\n"
                    "  hint: add a partition of type 'bios-boot', 1 MiB or more\n"));
}

TEST_CASE("the boot sector keeps the disk's parameter block, id and partition table") {
  const std::string image = boot_image();
  const std::string disk = disk_sector();
  const std::string sector = patched_boot_sector(image, disk, 0x1122334455);
  REQUIRE(sector.size() == 512);
  CHECK(sector.substr(0, 0x03) == image.substr(0, 0x03));
  CHECK(sector.substr(0x03, 0x57) == disk.substr(0x03, 0x57));
  CHECK(sector.substr(0x5a, 2) == image.substr(0x5a, 2));
  CHECK(sector.substr(0x5c, 8) == std::string("\x55\x44\x33\x22\x11\0\0\0", 8));
  CHECK(sector.substr(0x64, 4) == std::string("\xff\xfa\x90\x90", 4));
  CHECK(sector.substr(0x68, 0x150) == image.substr(0x68, 0x150));
  CHECK(sector.substr(0x1b8, 0x46) == disk.substr(0x1b8, 0x46));
  CHECK(sector.substr(0x1fe, 2) == "\x55\xaa");
}

TEST_CASE("a boot image that is not GRUB's is refused") {
  const std::string disk = disk_sector();
  CHECK_THAT(message_of([&] { patched_boot_sector("short", disk, 1); }),
             Equals("error: GRUB's boot image has 5 bytes: it must have 512\n"));
  std::string image = boot_image();
  image[0x1fe] = 0;
  CHECK_THAT(message_of([&] { patched_boot_sector(image, disk, 1); }),
             Equals("error: the boot image is not GRUB's boot.img\n"));
  image = boot_image();
  image[0x180] = 'C';
  CHECK_THAT(message_of([&] { patched_boot_sector(image, disk, 1); }),
             Equals("error: the boot image is not GRUB's boot.img\n"));
  image = boot_image();
  image[0x66] = '\x90';
  CHECK_THAT(message_of([&] { patched_boot_sector(image, disk, 1); }),
             Equals("error: the boot image is not GRUB's boot.img\n"));
}

TEST_CASE("a disk without a partition table gets no boot code") {
  CHECK_THAT(message_of([&] { patched_boot_sector(boot_image(), std::string(512, '\0'), 1); }),
             Equals("error: cannot write boot code: the disk has no partition table\n"));
}

TEST_CASE("the core image is padded to whole sectors and says where its rest is") {
  const std::string image = core_image(512 * 3 + 7);
  const std::string core = patched_core_image(image, 2048, MiB(1));
  REQUIRE(core.size() == 512 * 4);
  CHECK(core.substr(0, 0x1e8) == image.substr(0, 0x1e8));
  CHECK(core.substr(0x1e8, 12) == std::string(12, '\0'));
  CHECK(core.substr(0x1f4, 12) == std::string("\x01\x08\0\0\0\0\0\0\x03\0\x20\x08", 12));
  CHECK(core.substr(512, image.size() - 512) == image.substr(512));
  CHECK(core.substr(image.size()) == std::string(512 - 7, '\0'));
}

TEST_CASE("a core image fills its partition to the last sector and not beyond") {
  const std::string image = core_image(512 * 8);
  CHECK(patched_core_image(image, 2048, Bytes{512 * 8}).size() == 512 * 8);
  CHECK_THAT(message_of([&] { patched_core_image(image, 2048, Bytes{512 * 8 - 1}); }),
             Equals("error: GRUB's core image does not fit: it needs 4 KiB, and there are " +
                    to_text(Bytes{512 * 8 - 1}) +
                    "\n  hint: make the partition of type 'bios-boot' larger\n"));
}

TEST_CASE("a core image that GRUB could not load is refused") {
  CHECK_THAT(message_of([&] { patched_core_image(core_image(512), 2048, MiB(1)); }),
             Equals("error: GRUB's core image is too small: 512 bytes\n"));
  CHECK_THAT(message_of([&] { patched_core_image(core_image(0x6fe01), 2048, MiB(1)); }),
             Equals("error: GRUB's core image is too large: 458241 bytes, and 458240 can be "
                    "loaded\n"));
  std::string image = core_image(1024);
  image[0x11b] = 'L';
  CHECK_THAT(message_of([&] { patched_core_image(image, 2048, MiB(1)); }),
             Equals("error: the core image does not begin with GRUB's diskboot.img\n"));
  image = core_image(1024);
  image[0x1ff] = '\x09';
  CHECK_THAT(message_of([&] { patched_core_image(image, 2048, MiB(1)); }),
             Equals("error: the core image does not begin with GRUB's diskboot.img\n"));
}

TEST_CASE("boot code is written around the table and into the core area, nowhere else") {
  const FileDescriptor fd(::memfd_create("disk", MFD_CLOEXEC));
  REQUIRE(::ftruncate(fd.get(), static_cast<off_t>(MiB(8).count)) == 0);
  write_all_at(fd.get(), disk_sector(), 0, "disk");
  write_bios_boot_code(fd.get(), gpt_disk(), boot_image(), core_image(2000));

  std::string bytes(MiB(8).count, '\x77');
  REQUIRE(::pread(fd.get(), bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
  CHECK(bytes.substr(0, 512) == patched_boot_sector(boot_image(), disk_sector(), 2048));
  CHECK(bytes.substr(MiB(1).count, 2048) == patched_core_image(core_image(2000), 2048, MiB(1)));
  CHECK(bytes.find_first_not_of('\0', 512) == MiB(1).count + 0x11b);
  CHECK(bytes.find_first_not_of('\0', MiB(1).count + 2048) == std::string::npos);
}

TEST_CASE("a disk that cannot take the core image keeps its first sector") {
  const FileDescriptor fd(::memfd_create("disk", MFD_CLOEXEC));
  REQUIRE(::ftruncate(fd.get(), 1 << 20) == 0);
  write_all_at(fd.get(), disk_sector(), 0, "disk");
  PlannedDisk disk = gpt_disk();
  disk.partitions[0].size = Bytes{512};
  CHECK_THAT(
      message_of([&] { write_bios_boot_code(fd.get(), disk, boot_image(), core_image(999)); }),
      Equals("error: GRUB's core image does not fit: it needs 1 KiB, and there are 512 "
             "bytes\n  while writing the BIOS boot code\n"
             "  hint: make the partition of type 'bios-boot' larger\n"));
  std::string sector(512, '\0');
  REQUIRE(::pread(fd.get(), sector.data(), 512, 0) == 512);
  CHECK(sector == disk_sector());
}

}  // namespace
}  // namespace composer::disk
