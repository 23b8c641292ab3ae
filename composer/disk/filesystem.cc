#include "composer/disk/filesystem.h"

#include <fmt/format.h>

#include "composer/disk/mkfs_options.h"

namespace composer::disk {
namespace {

/// From here on a vfat filesystem is FAT32: with clusters of one sector it needs 65525 of them.
/// Smaller ones are FAT16, which UEFI reads as well. Source: UEFI 2.10, 13.3; Microsoft's FAT
/// specification 1.03, "FAT type determination".
constexpr Bytes kSmallestFat32 = MiB(33);

using Arguments = std::vector<std::string>;

Arguments ext4_arguments(const PlannedFilesystem& filesystem) {
  // What GRUB 2.06 cannot read (metadata_csum_seed) and what kernels before 5.15 cannot write
  // (orphan_file) stays out. `none` first: the list is complete on every version of e2fsprogs.
  // These features are what makes it ext4; `-t ext4` would only look into the host's mke2fs.conf.
  return {"mke2fs",
          "-q",
          "-F",
          "-b",
          "4096",
          "-I",
          "256",
          "-i",
          "16384",
          "-m",
          "1",  //
          "-O",
          "none,has_journal,ext_attr,resize_inode,dir_index,filetype,extent,64bit,flex_bg,"
          "sparse_super,large_file,huge_file,dir_nlink,extra_isize,metadata_csum",
          "-U",
          filesystem.uuid,
          "-L",
          filesystem.label,
          "-e",
          "remount-ro",  //
          "-E",
          fmt::format("hash_seed={},root_owner=0:0,nodiscard,lazy_itable_init=0,"
                      "lazy_journal_init=0,assume_storage_prezeroed=1",
                      filesystem.uuid)};
}

Arguments xfs_arguments(const PlannedFilesystem& filesystem) {
  return {"mkfs.xfs",
          "-q",
          "-f",
          "-K",
          "-L",
          filesystem.label,
          "-b",
          "size=4096",
          "-s",
          "size=512",
          "-d",
          "agcount=4",
          "-m",
          fmt::format("uuid={},crc=1,finobt=1,rmapbt=0,reflink=1,bigtime=1,inobtcount=1",
                      filesystem.uuid),
          "-i",
          "size=512,sparse=1,nrext64=0"};
}

Arguments btrfs_arguments(const PlannedFilesystem& filesystem) {
  return {"mkfs.btrfs", "-q",     "-f", "-K",  "-U", filesystem.uuid, "-L", filesystem.label,
          "-d",         "single", "-m", "dup", "-n", "16384",         "-s", "4096",
          "--csum",     "crc32c"};
}

Arguments vfat_arguments(const PlannedPartition& partition) {
  const PlannedFilesystem& filesystem = *partition.filesystem;
  const bool fat32 = partition.size >= kSmallestFat32;
  Arguments arguments = {"mkfs.fat", "--invariant",
                         "-F",       fat32 ? "32" : "16",
                         "-i",       filesystem.uuid.substr(0, 4) + filesystem.uuid.substr(5),
                         "-n",       filesystem.label,
                         "-S",       "512",
                         "-h",       fmt::format("{}", partition.start.count / 512),
                         "-g",       "255/63",
                         "-M",       "0xF8",
                         "-D",       "0x80"};
  if (!fat32) arguments.insert(arguments.end(), {"-s", "1"});
  return arguments;
}

Arguments swap_arguments(const PlannedFilesystem& filesystem) {
  return {"mkswap", "--uuid", filesystem.uuid, "--label", filesystem.label, "--pagesize", "4096"};
}

Arguments arguments_of(const PlannedPartition& partition) {
  const PlannedFilesystem& filesystem = *partition.filesystem;
  switch (filesystem.type) {
    case FilesystemType::ext4:
      return ext4_arguments(filesystem);
    case FilesystemType::xfs:
      return xfs_arguments(filesystem);
    case FilesystemType::btrfs:
      return btrfs_arguments(filesystem);
    case FilesystemType::vfat:
      return vfat_arguments(partition);
    case FilesystemType::swap:
      return swap_arguments(filesystem);
  }
  return {};
}

}  // namespace

std::string_view kernel_name(FilesystemType type) {
  switch (type) {
    case FilesystemType::ext4:
      return "ext4";
    case FilesystemType::xfs:
      return "xfs";
    case FilesystemType::btrfs:
      return "btrfs";
    case FilesystemType::vfat:
      return "vfat";
    case FilesystemType::swap:
      return "swap";
  }
  return {};
}

std::vector<std::string> filesystem_environment(std::int64_t source_date_epoch) {
  // Zero would mean "ask the clock".
  const std::int64_t seconds = source_date_epoch > 0 ? source_date_epoch : 1;
  // e2fsprogs reads its clock from here (SOURCE_DATE_EPOCH only since 1.47.1), e2fsck from a name
  // of its own, and its defaults from a file of the host.
  return {fmt::format("SOURCE_DATE_EPOCH={}", source_date_epoch),
          fmt::format("E2FSPROGS_FAKE_TIME={}", seconds), fmt::format("E2FSCK_TIME={}", seconds),
          "MKE2FS_CONFIG=/dev/null"};
}

host::Command mkfs_command(const PlannedPartition& partition, const std::filesystem::path& device,
                           std::int64_t source_date_epoch) {
  host::Command command;
  command.arguments = with_own_options(partition.filesystem->type, arguments_of(partition),
                                       partition.filesystem->mkfs_options);
  command.arguments.push_back(device.string());
  command.environment = filesystem_environment(source_date_epoch);
  command.syncs = host::Syncs::suppressed;
  return command;
}

std::vector<std::string> assembly_mount_options(const PlannedFilesystem& filesystem) {
  switch (filesystem.type) {
    case FilesystemType::ext4:
      // 200 small files with fsync: 0.1 s, with barriers 0.8 to 2 s.
      return {"noatime", "nodev", "nobarrier", "noauto_da_alloc", "commit=300"};
    case FilesystemType::xfs:
      // The same blueprint may be built twice at once, or on the machine that it describes: the
      // kernel would refuse a second filesystem of this UUID.
      return {"noatime", "nodev", "nouuid"};
    case FilesystemType::btrfs:
      if (filesystem.compression.empty()) {
        return {"noatime", "nodev", "nobarrier", "nodiscard", "commit=300"};
      }
      return {"noatime",   "nodev",      "nobarrier",
              "nodiscard", "commit=300", "compress=" + filesystem.compression};
    case FilesystemType::vfat:
    case FilesystemType::swap:
      break;
  }
  return {};
}

host::Command forget_host_command(const PlannedFilesystem& filesystem,
                                  const std::filesystem::path& device,
                                  std::int64_t source_date_epoch) {
  if (filesystem.type != FilesystemType::ext4) return {};
  host::Command command;
  command.arguments = {"tune2fs", "-M", filesystem.mount, "-C", "0", device.string()};
  command.environment = filesystem_environment(source_date_epoch);
  command.syncs = host::Syncs::suppressed;
  return command;
}

host::Command check_command(FilesystemType type, const std::filesystem::path& device) {
  switch (type) {
    case FilesystemType::ext4:
      return {.arguments = {"e2fsck", "-f", "-n", device.string()},
              .syncs = host::Syncs::suppressed};
    case FilesystemType::xfs:
      return {.arguments = {"xfs_repair", "-n", device.string()}, .syncs = host::Syncs::suppressed};
    case FilesystemType::btrfs:
      return {.arguments = {"btrfs", "check", "--readonly", device.string()},
              .syncs = host::Syncs::suppressed};
    case FilesystemType::vfat:
      return {.arguments = {"fsck.fat", "-n", device.string()}, .syncs = host::Syncs::suppressed};
    case FilesystemType::swap:
      break;
  }
  return {};
}

std::vector<host::Tool> filesystem_tools(FilesystemType type) {
  switch (type) {
    case FilesystemType::ext4:
      return {{"mke2fs", "make ext4 filesystems", "e2fsprogs"},
              {"tune2fs", "finish ext4 filesystems", "e2fsprogs"},
              {"e2fsck", "check ext4 filesystems", "e2fsprogs"}};
    case FilesystemType::xfs:
      return {{"mkfs.xfs", "make xfs filesystems", "xfsprogs"},
              {"xfs_repair", "check xfs filesystems", "xfsprogs"}};
    case FilesystemType::btrfs:
      return {{"mkfs.btrfs", "make btrfs filesystems", "btrfs-progs"},
              {"btrfs", "check btrfs filesystems", "btrfs-progs"}};
    case FilesystemType::vfat:
      return {{"mkfs.fat", "make vfat filesystems", "dosfstools"},
              {"fsck.fat", "check vfat filesystems", "dosfstools"}};
    case FilesystemType::swap:
      return {{"mkswap", "make swap areas", "util-linux"}};
  }
  return {};
}

}  // namespace composer::disk
