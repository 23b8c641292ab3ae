#include "composer/disk/partition_table.h"

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <unistd.h>

#include "composer/base/file_descriptor.h"
#include "composer/disk/mount_order.h"
#include "composer/disk/probe.h"
#include "composer/disk/read_back.h"
#include "composer/error.h"
#include "composer/host/process.h"

#include "tests/support/scratch_folder.h"
#include "tests/unit/disk/layouts.h"

using namespace composer;
using namespace composer::disk;

namespace {

FileDescriptor empty_disk(const std::filesystem::path& path, Bytes size) {
  FileDescriptor fd = open_file(path, O_RDWR | O_CREAT);
  REQUIRE(::ftruncate(fd.get(), static_cast<off_t>(size.count)) == 0);
  return fd;
}

std::string output_of(std::vector<std::string> arguments) {
  SilentProgress progress;
  const host::CommandOutput output =
      host::CommandRunner(progress).run({.arguments = std::move(arguments)});
  INFO(output.standard_output << output.standard_error);
  CHECK(output.status == 0);
  return output.standard_output;
}

/// A layout without filesystems, so that the table alone is the disk.
PlannedDisk bare(PlannedDisk layout) {
  for (PlannedPartition& partition : layout.partitions) partition.filesystem.reset();
  return layout;
}

/// The same partitions, each of 1 MiB, so that a test can look at every byte.
PlannedDisk tiny(PlannedDisk layout) {
  for (PlannedPartition& partition : layout.partitions) partition.size = MiB(1);
  return test::disk_of(layout.table, layout.id, std::move(layout.partitions));
}

std::string problems(int fd, const PlannedDisk& layout) {
  try {
    check_as_planned(fd, layout);
  } catch (const Error& error) {
    return error.to_text();
  }
  return {};
}

}  // namespace

TEST_CASE("a partition table is as planned, to three readers") {
  const auto layout = GENERATE(bare(test::everything()), bare(test::mbr()));
  const test::ScratchFolder scratch;
  const std::string path = (scratch.path() / "disk").string();
  const FileDescriptor fd = empty_disk(path, layout.size);
  write_partition_table(fd.get(), layout);
  CHECK(problems(fd.get(), layout) == "");
  CHECK(output_of({"sfdisk", "--verify", path}).find("No errors detected") != std::string::npos);
  if (layout.table == PartitionTableType::gpt) {
    CHECK(output_of({"sgdisk", "-v", path}).find("No problems found") != std::string::npos);
    const std::string dump = output_of({"sfdisk", "--dump", path});
    CHECK_THAT(dump, Catch::Contains("first-lba: 2048\n"));
    CHECK_THAT(dump, Catch::Contains("start=        4096, size=       81920, "
                                     "type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B, "
                                     "uuid=11111111-0000-8000-8000-000000000001, name=\"esp\""));
  }
}

TEST_CASE("the same layout gives the same bytes, and they are few") {
  const auto layout = GENERATE(tiny(test::everything()), tiny(test::mbr()));
  const test::ScratchFolder scratch;
  for (const char* name : {"one", "two"}) {
    const FileDescriptor fd = empty_disk(scratch.path() / name, layout.size);
    write_partition_table(fd.get(), layout);
  }
  const std::string bytes = read_file(scratch.path() / "one");
  CHECK((bytes == read_file(scratch.path() / "two")));
  // Nothing but the table at either end.
  CHECK(bytes.find_first_not_of('\0', 34 * 512) >= bytes.size() - 33 * 512);
}

TEST_CASE("the active partition of an MBR is /boot, else /") {
  const test::ScratchFolder scratch;
  PlannedDisk layout = tiny(test::mbr());
  const auto active = [&](const std::string& name) {
    const FileDescriptor fd = empty_disk(scratch.path() / name, layout.size);
    write_partition_table(fd.get(), layout);
    const std::string bytes = read_file(scratch.path() / name);
    std::vector<int> marks;
    for (std::size_t i = 0; i < 4; ++i) {
      marks.push_back(static_cast<unsigned char>(bytes[446 + 16 * i]));
    }
    return marks;
  };
  CHECK(active("boot") == std::vector<int>{0x80, 0, 0, 0});
  layout.partitions[0].filesystem->mount = "/data";
  CHECK(active("root") == std::vector<int>{0, 0, 0, 0x80});
}

TEST_CASE("a partition past the end of the disk, or two in one place, are refused") {
  const test::ScratchFolder scratch;
  PlannedDisk layout = bare(test::mbr());
  const FileDescriptor fd = empty_disk(scratch.path() / "disk", layout.size);
  PlannedDisk far = layout;
  far.partitions[3].size = GiB(1);
  CHECK_THROWS_AS(write_partition_table(fd.get(), far), Error);
  PlannedDisk twice = layout;
  twice.partitions[1].start = twice.partitions[0].start;
  CHECK_THROWS_AS(write_partition_table(fd.get(), twice), Error);
}

TEST_CASE("a disk that is not as planned is described in full") {
  const test::ScratchFolder scratch;
  const PlannedDisk layout = bare(test::esp_and_root(FilesystemType::ext4, MiB(64)));
  const FileDescriptor fd = empty_disk(scratch.path() / "disk", layout.size);
  CHECK(problems(fd.get(), layout) ==
        "error: the disk has no partition table\n  while reading the disk back\n");
  write_partition_table(fd.get(), layout);
  PlannedDisk other = test::esp_and_root(FilesystemType::ext4, MiB(64));
  other.id = "33333333-0000-8000-8000-00000000000d";
  other.partitions[0].label = "efi";
  other.partitions[0].filesystem.reset();
  other.partitions[1].uuid = "33333333-0000-8000-8000-000000000002";
  other.partitions[1].size = MiB(63);
  CHECK(problems(fd.get(), other) ==
        "error: the disk has the id '11111111-0000-8000-8000-00000000000d', not "
        "'33333333-0000-8000-8000-00000000000d' as planned\n"
        "error: partition 'efi' has the name 'esp', not 'efi' as planned\n"
        "error: partition 'root' has the size '67108864 bytes', not '66060288 bytes' as planned\n"
        "error: partition 'root' has the identity '11111111-0000-8000-8000-000000000002', not "
        "'33333333-0000-8000-8000-000000000002' as planned\n"
        "error: partition 'root' holds no ext4\n"
        "  while reading the disk back\n");
}

TEST_CASE("the probe tells a filesystem from nothing and from two") {
  const test::ScratchFolder scratch;
  const std::string path = (scratch.path() / "disk").string();
  const FileDescriptor fd = empty_disk(path, MiB(64));
  CHECK_FALSE(probe_filesystem(fd.get(), MiB(1), MiB(40)).has_value());
  CHECK_FALSE(probe_partition_table(fd.get(), MiB(64)).has_value());
  output_of(
      {"mkfs.fat", "-F", "32", "-i", "1234ABCD", "-n", "ESP", "--offset", "2048", path, "40960"});
  const auto found = probe_filesystem(fd.get(), MiB(1), MiB(40));
  REQUIRE(found.has_value());
  CHECK(found->type == "vfat");
  CHECK(found->uuid == "1234-ABCD");
  CHECK(found->label == "ESP");

  // An ext4 and an xfs superblock in one place.
  output_of({"mke2fs", "-q", "-F", "-O", "none", path});
  const std::string ext4_superblock = read_file(path).substr(1024, 1024);
  REQUIRE(::ftruncate(fd.get(), 0) == 0);
  REQUIRE(::ftruncate(fd.get(), static_cast<off_t>(MiB(320).count)) == 0);
  output_of({"mkfs.xfs", "-q", "-f", path});
  write_all_at(fd.get(), ext4_superblock, 1024, path);
  CHECK_THROWS_WITH(probe_filesystem(fd.get(), {0}, MiB(320)),
                    "more than one filesystem is found in one place");
}

TEST_CASE("mounts are ordered parents first") {
  PlannedDisk layout = test::everything();
  std::vector<std::string> order;
  for (const PlannedMount& mount : in_mount_order(layout)) {
    order.push_back(mount.path);
  }
  CHECK(order == std::vector<std::string>{"/", "/boot", "/boot/efi", "/home", "/srv/data", "/var"});
}

TEST_CASE("subvolumes are mounted among the partitions, where they are mounted at all") {
  PlannedDisk layout = test::esp_and_root(FilesystemType::btrfs, MiB(320));
  PlannedFilesystem& root = *layout.partitions.back().filesystem;
  root.mount.clear();
  root.subvolumes = {{"@", "/", {}}, {"@var", "/boot/efi/x", {}}, {"snapshots", "", {}}};
  std::vector<std::string> order;
  for (const PlannedMount& mount : in_mount_order(layout)) {
    order.push_back(mount.path + (mount.subvolume ? " is " + mount.subvolume->name : ""));
  }
  CHECK(order == std::vector<std::string>{"/ is @", "/boot/efi", "/boot/efi/x is @var"});
}
