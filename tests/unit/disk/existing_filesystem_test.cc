#include "composer/disk/existing_filesystem.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "composer/disk/assembly.h"

#include "tests/unit/disk/layouts.h"

using namespace composer;
using namespace composer::disk;

namespace {

constexpr std::int64_t kEpoch = 1767225600;  // 2026-01-01

std::string line(const host::Command& command) {
  std::string text;
  for (const std::string& argument : command.arguments)
    text += (text.empty() ? "" : " ") + argument;
  return text;
}

std::vector<std::string> programs(const std::vector<host::Tool>& tools) {
  std::vector<std::string> names;
  for (const host::Tool& tool : tools) names.emplace_back(tool.program);
  return names;
}

/// Of `everything()`, as a base image has it: nothing changes.
PlannedPartition unchanged(FilesystemType type) {
  for (PlannedPartition& partition : test::everything().partitions) {
    if (!partition.filesystem || partition.filesystem->type != type) continue;
    partition.base = PlannedOrigin{partition.size, partition.uuid, partition.filesystem->uuid};
    return partition;
  }
  return {};
}

PlannedPartition grown(FilesystemType type) {
  PlannedPartition partition = unchanged(type);
  partition.size += MiB(1);
  return partition;
}

PlannedPartition renamed(FilesystemType type) {
  PlannedPartition partition = unchanged(type);
  partition.base->filesystem_uuid = "44444444-0000-8000-8000-000000000001";
  return partition;
}

constexpr FilesystemType kTypes[] = {FilesystemType::ext4, FilesystemType::xfs,
                                     FilesystemType::btrfs, FilesystemType::vfat,
                                     FilesystemType::swap};

}  // namespace

TEST_CASE("growth and another UUID are told from the base image") {
  for (const FilesystemType type : kTypes) {
    CHECK_FALSE(has_grown(unchanged(type)));
    CHECK_FALSE(has_new_uuid(unchanged(type)));
    CHECK(has_grown(grown(type)));
    CHECK(has_new_uuid(renamed(type)));
  }
}

TEST_CASE("swap is made anew when it changes, vfat also when its files may change") {
  for (const FilesystemType type : kTypes) {
    const bool remade = type == FilesystemType::vfat || type == FilesystemType::swap;
    CHECK(is_made_anew(grown(type)) == remade);
    CHECK(is_made_anew(renamed(type)) == remade);
  }
  CHECK_FALSE(is_made_anew(unchanged(FilesystemType::swap)));
  PlannedPartition vfat = unchanged(FilesystemType::vfat);
  CHECK(is_made_anew(vfat));
  vfat.filesystem->mount.clear();
  CHECK_FALSE(is_made_anew(vfat));
}

TEST_CASE("a filesystem is mended where that loses nothing, else only checked") {
  const auto shown = [](FilesystemType type) {
    const Repair repair = repair_command(type, "/dev/loop7", kEpoch);
    return line(repair.command) + " <= " + std::to_string(repair.highest_status);
  };
  CHECK(shown(FilesystemType::ext4) == "e2fsck -f -p /dev/loop7 <= 1");
  CHECK(shown(FilesystemType::vfat) == "fsck.fat -a /dev/loop7 <= 1");
  CHECK(shown(FilesystemType::xfs) == "xfs_repair -n /dev/loop7 <= 0");
  CHECK(shown(FilesystemType::btrfs) == "btrfs check --readonly /dev/loop7 <= 0");
  CHECK(shown(FilesystemType::swap) == " <= 0");
}

TEST_CASE("a UUID is set by the filesystem's own program") {
  const auto shown = [](FilesystemType type) {
    return line(set_uuid_command(type, "UUID", "/dev/loop7", kEpoch));
  };
  CHECK(shown(FilesystemType::ext4) == "tune2fs -U UUID /dev/loop7");
  CHECK(shown(FilesystemType::xfs) == "xfs_admin -U UUID /dev/loop7");
  CHECK(shown(FilesystemType::btrfs) == "btrfstune -f -U UUID /dev/loop7");
  CHECK(shown(FilesystemType::vfat) == "");
  CHECK(shown(FilesystemType::swap) == "");
}

TEST_CASE("ext4 grows on its device, xfs and btrfs where they are mounted") {
  const auto shown = [](FilesystemType type) { return line(grow_command(type, "/where", kEpoch)); };
  CHECK(shown(FilesystemType::ext4) == "resize2fs /where");
  CHECK(shown(FilesystemType::xfs) == "xfs_growfs -d /where");
  CHECK(shown(FilesystemType::btrfs) == "btrfs filesystem resize max /where");
  CHECK(shown(FilesystemType::vfat) == "");
  CHECK(shown(FilesystemType::swap) == "");
  CHECK_FALSE(grows_while_mounted(FilesystemType::ext4));
  CHECK(grows_while_mounted(FilesystemType::xfs));
  CHECK(grows_while_mounted(FilesystemType::btrfs));
}

TEST_CASE("what writes an ext4 does not read the clock") {
  const std::vector<std::string> fixed = {"SOURCE_DATE_EPOCH=1767225600",
                                          "E2FSPROGS_FAKE_TIME=1767225600",
                                          "E2FSCK_TIME=1767225600", "MKE2FS_CONFIG=/dev/null"};
  const FilesystemType ext4 = FilesystemType::ext4;
  CHECK(repair_command(ext4, "d", kEpoch).command.environment == fixed);
  CHECK(set_uuid_command(ext4, "u", "d", kEpoch).environment == fixed);
  CHECK(grow_command(ext4, "d", kEpoch).environment == fixed);
}

TEST_CASE("an existing filesystem is mounted as a new one, but for what needs a journal") {
  PlannedFilesystem filesystem;
  CHECK(existing_mount_options(filesystem) ==
        std::vector<std::string>{"noatime", "nodev", "nobarrier", "noauto_da_alloc"});
  filesystem.type = FilesystemType::btrfs;
  filesystem.compression = "zstd:3";
  CHECK(existing_mount_options(filesystem) ==
        std::vector<std::string>{"noatime", "nodev", "nobarrier", "nodiscard", "commit=300",
                                 "compress=zstd:3"});
  filesystem.type = FilesystemType::xfs;
  CHECK(existing_mount_options(filesystem) ==
        std::vector<std::string>{"noatime", "nodev", "nouuid"});
}

TEST_CASE("a vfat is read in UTC and without the user's settings") {
  const host::Command command = read_vfat_command("/dev/loop7", "/scratch/vfat-1");
  CHECK(line(command) == "mcopy -s -m -n -Q -i /dev/loop7 ::/ /scratch/vfat-1");
  CHECK(command.environment == std::vector<std::string>{"TZ=UTC", "MTOOLS_SKIP_CHECK=1"});
  CHECK_FALSE(command.inherit_environment);
}

TEST_CASE("only the programs that are run on a base image's partition are asked for") {
  using Names = std::vector<std::string>;
  const auto needed = [](const PlannedPartition& partition) {
    return programs(existing_filesystem_tools(partition));
  };
  CHECK(needed(unchanged(FilesystemType::ext4)) == Names{"e2fsck", "tune2fs"});
  CHECK(needed(grown(FilesystemType::ext4)) == Names{"e2fsck", "tune2fs", "resize2fs"});
  CHECK(needed(unchanged(FilesystemType::xfs)) == Names{"xfs_repair"});
  CHECK(needed(renamed(FilesystemType::xfs)) == Names{"xfs_repair", "xfs_admin"});
  CHECK(needed(grown(FilesystemType::xfs)) == Names{"xfs_repair", "xfs_growfs"});
  CHECK(needed(grown(FilesystemType::btrfs)) == Names{"btrfs"});
  CHECK(needed(renamed(FilesystemType::btrfs)) == Names{"btrfs", "btrfstune"});
  CHECK(needed(unchanged(FilesystemType::vfat)) == Names{"mkfs.fat", "fsck.fat", "mcopy"});
  CHECK(needed(unchanged(FilesystemType::swap)).empty());
  CHECK(needed(renamed(FilesystemType::swap)) == Names{"mkswap"});

  PlannedDisk disk = test::esp_and_root(FilesystemType::ext4, MiB(64));
  disk.partitions[0] = renamed(FilesystemType::vfat);
  disk.partitions[1] = grown(FilesystemType::ext4);
  CHECK(programs(required_tools(disk)) ==
        Names{"mkfs.fat", "fsck.fat", "mcopy", "e2fsck", "tune2fs", "resize2fs"});
}
