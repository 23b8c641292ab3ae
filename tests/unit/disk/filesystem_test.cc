#include "composer/disk/filesystem.h"

#include <catch2/catch.hpp>
#include <fmt/ranges.h>

#include "composer/disk/assembly.h"

#include "tests/unit/disk/layouts.h"

using namespace composer;
using namespace composer::disk;

namespace {

std::string line(const host::Command& command) {
  return fmt::format("{}", fmt::join(command.arguments, " "));
}

std::string mkfs_line(const PlannedPartition& partition) {
  return line(mkfs_command(partition, "/dev/loop7", 1767225600));
}

}  // namespace

TEST_CASE("each filesystem is made with every feature named") {
  const PlannedDisk disk = test::everything();
  CHECK(mkfs_line(disk.partitions[7]) ==
        "mke2fs -q -F -b 4096 -I 256 -i 16384 -m 1 -O none,has_journal,ext_attr,resize_inode,"
        "dir_index,filetype,extent,64bit,flex_bg,sparse_super,large_file,huge_file,dir_nlink,"
        "extra_isize,metadata_csum -U 22222222-0000-8000-8000-000000000002 -L root -e remount-ro "
        "-E hash_seed=22222222-0000-8000-8000-000000000002,root_owner=0:0,nodiscard,"
        "lazy_itable_init=0,lazy_journal_init=0,assume_storage_prezeroed=1 /dev/loop7");
  CHECK(mkfs_line(disk.partitions[6]) ==
        "mkfs.xfs -q -f -K -L home -b size=4096 -s size=512 -d agcount=4 -m "
        "uuid=22222222-0000-8000-8000-000000000008,crc=1,finobt=1,rmapbt=0,reflink=1,bigtime=1,"
        "inobtcount=1 -i size=512,sparse=1,nrext64=0 /dev/loop7");
  CHECK(mkfs_line(disk.partitions[5]) ==
        "mkfs.btrfs -q -f -K -U 22222222-0000-8000-8000-000000000007 -L var -d single -m dup "
        "-n 16384 -s 4096 --csum crc32c /dev/loop7");
  CHECK(mkfs_line(disk.partitions[1]) ==
        "mkfs.fat --invariant -F 32 -i 1234ABCD -n ESP -S 512 -h 4096 -g 255/63 -M 0xF8 -D 0x80 "
        "/dev/loop7");
  CHECK(mkfs_line(disk.partitions[3]) ==
        "mkswap --uuid 22222222-0000-8000-8000-000000000005 --label swap --pagesize 4096 "
        "/dev/loop7");
}

TEST_CASE("vfat is FAT32 from 33 MiB on, FAT16 below") {
  CHECK(mkfs_line(test::esp_and_root(FilesystemType::ext4, MiB(64), MiB(33)).partitions[0])
            .find(" -F 32 ") != std::string::npos);
  const std::string small =
      mkfs_line(test::esp_and_root(FilesystemType::ext4, MiB(64), MiB(32)).partitions[0]);
  CHECK(small.find(" -F 16 ") != std::string::npos);
  CHECK(small.ends_with(" -s 1 /dev/loop7"));
}

TEST_CASE("options that mkfs has no list for come last, before the device") {
  PlannedPartition partition = test::esp_and_root(FilesystemType::ext4, MiB(64)).partitions[1];
  partition.filesystem->mkfs_options = {"-m", "5"};
  CHECK(mkfs_line(partition).ends_with("assume_storage_prezeroed=1 -m 5 /dev/loop7"));
}

TEST_CASE("a setting of the blueprint's replaces ours in mkfs's lists, and leaves the others") {
  PlannedDisk disk = test::everything();
  PlannedPartition& ext4 = disk.partitions[7];
  const std::string usual = mkfs_line(ext4);
  ext4.filesystem->mkfs_options = {"-O^64bit", "-E", "root_owner=7:7,stride=4", "-i", "8192"};
  std::string expected = usual;
  const auto put = [&](std::string_view from, std::string_view to) {
    expected.replace(expected.find(from), from.size(), to);
  };
  put("extra_isize,metadata_csum", "extra_isize,metadata_csum,^64bit");
  put("root_owner=0:0,", "");
  put("assume_storage_prezeroed=1", "assume_storage_prezeroed=1,root_owner=7:7,stride=4 -i 8192");
  CHECK(mkfs_line(ext4) == expected);

  PlannedPartition& xfs = disk.partitions[6];
  expected = mkfs_line(xfs);
  xfs.filesystem->mkfs_options = {"-m", "reflink=0,rmapbt=1", "-l", "size=64m", "-K"};
  put("rmapbt=0,reflink=1,", "");
  put("inobtcount=1", "inobtcount=1,reflink=0,rmapbt=1");
  put("nrext64=0", "nrext64=0 -l size=64m -K");
  CHECK(mkfs_line(xfs) == expected);
}

TEST_CASE("mke2fs reads neither the clock nor the host's configuration") {
  const PlannedPartition partition =
      test::esp_and_root(FilesystemType::ext4, MiB(64)).partitions[1];
  CHECK(mkfs_command(partition, "/dev/loop7", 1767225600).environment ==
        std::vector<std::string>{"SOURCE_DATE_EPOCH=1767225600", "E2FSPROGS_FAKE_TIME=1767225600",
                                 "E2FSCK_TIME=1767225600", "MKE2FS_CONFIG=/dev/null"});
  CHECK(mkfs_command(partition, "/dev/loop7", 0).environment[1] == "E2FSPROGS_FAKE_TIME=1");
}

TEST_CASE("checks change nothing, and swap has none") {
  CHECK(line(check_command(FilesystemType::ext4, "/dev/loop7")) == "e2fsck -f -n /dev/loop7");
  CHECK(line(check_command(FilesystemType::xfs, "/dev/loop7")) == "xfs_repair -n /dev/loop7");
  CHECK(line(check_command(FilesystemType::btrfs, "/dev/loop7")) ==
        "btrfs check --readonly /dev/loop7");
  CHECK(line(check_command(FilesystemType::vfat, "/dev/loop7")) == "fsck.fat -n /dev/loop7");
  CHECK(check_command(FilesystemType::swap, "/dev/loop7").arguments.empty());
}

TEST_CASE("every program that is run is asked for, once, and nothing that is not") {
  PlannedDisk disk = test::everything();
  std::vector<std::string> programs;
  for (const host::Tool& tool : required_tools(disk)) programs.emplace_back(tool.program);
  CHECK(programs == std::vector<std::string>{"mkfs.fat", "fsck.fat", "mke2fs", "tune2fs", "e2fsck",
                                             "mkswap", "mkfs.btrfs", "btrfs", "mkfs.xfs",
                                             "xfs_repair"});
  for (const PlannedPartition& partition : disk.partitions) {
    if (!partition.filesystem) continue;
    const auto type = partition.filesystem->type;
    std::vector<std::string> listed;
    for (const host::Tool& tool : filesystem_tools(type)) listed.emplace_back(tool.program);
    std::vector<std::string> used = {mkfs_command(partition, "d", 0).arguments[0]};
    for (const host::Command& command :
         {forget_host_command(*partition.filesystem, "d", 0), check_command(type, "d")}) {
      if (!command.arguments.empty()) used.push_back(command.arguments[0]);
    }
    CHECK(listed == used);
  }
  disk.partitions.resize(2);
  CHECK(required_tools(disk).size() == 2);
}

TEST_CASE("a kernel that cannot mount vfat or swap is good enough") {
  PlannedDisk disk = test::everything();
  std::erase_if(disk.partitions, [](const PlannedPartition& partition) {
    return partition.filesystem && partition.filesystem->type != FilesystemType::vfat &&
           partition.filesystem->type != FilesystemType::swap;
  });
  CHECK_NOTHROW(require_filesystems(disk));
}
