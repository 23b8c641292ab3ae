#include "composer/disk/existing_filesystem.h"

#include "composer/disk/filesystem.h"

namespace composer::disk {

bool has_grown(const PlannedPartition& partition) {
  return partition.size > partition.base->size;
}

bool has_new_uuid(const PlannedPartition& partition) {
  return partition.filesystem->uuid != partition.base->filesystem_uuid;
}

bool is_made_anew(const PlannedPartition& partition) {
  const bool changes = has_grown(partition) || has_new_uuid(partition);
  switch (partition.filesystem->type) {
    case FilesystemType::vfat:
      return changes || !partition.filesystem->mount.empty();
    case FilesystemType::swap:
      return changes;
    case FilesystemType::ext4:
    case FilesystemType::xfs:
    case FilesystemType::btrfs:
      break;
  }
  return false;
}

Repair repair_command(FilesystemType type, const std::filesystem::path& device,
                      std::int64_t source_date_epoch) {
  switch (type) {
    case FilesystemType::ext4:
      // -p replays the journal and mends only what loses nothing; 1: mended. -f, or tune2fs and
      // resize2fs refuse what was mounted after it was checked last; with the clock at the epoch
      // the times after it are mended as well.
      return {{.arguments = {"e2fsck", "-f", "-p", device.string()},
               .environment = filesystem_environment(source_date_epoch)},
              1};
    case FilesystemType::vfat:
      // Files that share clusters would otherwise be read out at any size.
      return {{.arguments = {"fsck.fat", "-a", device.string()}}, 1};
    case FilesystemType::xfs:
    case FilesystemType::btrfs:
    case FilesystemType::swap:
      break;
  }
  return {check_command(type, device), 0};
}

host::Command set_uuid_command(FilesystemType type, std::string_view uuid,
                               const std::filesystem::path& device,
                               std::int64_t source_date_epoch) {
  host::Command command;
  switch (type) {
    case FilesystemType::ext4:
      command.arguments = {"tune2fs", "-U", std::string(uuid), device.string()};
      command.environment = filesystem_environment(source_date_epoch);
      break;
    case FilesystemType::xfs:
      // Keeps the old one inside (feature META_UUID), which GRUB 2.06 reads.
      command.arguments = {"xfs_admin", "-U", std::string(uuid), device.string()};
      break;
    case FilesystemType::btrfs:
      // Not -M: GRUB 2.06 does not know the feature METADATA_UUID. Rewrites all metadata.
      command.arguments = {"btrfstune", "-f", "-U", std::string(uuid), device.string()};
      break;
    case FilesystemType::vfat:
    case FilesystemType::swap:
      break;
  }
  return command;
}

bool grows_while_mounted(FilesystemType type) {
  return type == FilesystemType::xfs || type == FilesystemType::btrfs;
}

host::Command grow_command(FilesystemType type, const std::filesystem::path& where,
                           std::int64_t source_date_epoch) {
  switch (type) {
    case FilesystemType::ext4:
      return {.arguments = {"resize2fs", where.string()},
              .environment = filesystem_environment(source_date_epoch)};
    case FilesystemType::xfs:
      return {.arguments = {"xfs_growfs", "-d", where.string()}};
    case FilesystemType::btrfs:
      return {.arguments = {"btrfs", "filesystem", "resize", "max", where.string()}};
    case FilesystemType::vfat:
    case FilesystemType::swap:
      break;
  }
  return {};
}

std::vector<std::string> existing_mount_options(const PlannedFilesystem& filesystem) {
  std::vector<std::string> options = assembly_mount_options(filesystem);
  // The kernel refuses it where an ext4 has no journal, as some images have it.
  if (filesystem.type == FilesystemType::ext4) std::erase(options, "commit=300");
  return options;
}

host::Command read_vfat_command(const std::filesystem::path& device,
                                const std::filesystem::path& directory) {
  // -s all below, -m with their times, -n without questions, -Q not beyond the first failure.
  return {.arguments = {"mcopy", "-s", "-m", "-n", "-Q", "-i", device.string(), "::/",
                        directory.string()},
          // Times are read in this zone. Sizes that do not fit a disk geometry are no mistake.
          .environment = {"TZ=UTC", "MTOOLS_SKIP_CHECK=1"},
          .inherit_environment = false};
}

std::vector<host::Tool> existing_filesystem_tools(const PlannedPartition& partition) {
  std::vector<host::Tool> tools;
  const bool grown = has_grown(partition);
  const bool renamed = has_new_uuid(partition);
  const FilesystemType type = partition.filesystem->type;
  switch (type) {
    case FilesystemType::ext4:
      tools = {{"e2fsck", "check ext4 filesystems", "e2fsprogs"},
               {"tune2fs", "change ext4 filesystems", "e2fsprogs"}};
      if (grown) tools.push_back({"resize2fs", "grow ext4 filesystems", "e2fsprogs"});
      break;
    case FilesystemType::xfs:
      tools = {{"xfs_repair", "check xfs filesystems", "xfsprogs"}};
      if (renamed) tools.push_back({"xfs_admin", "change xfs filesystems", "xfsprogs"});
      if (grown) tools.push_back({"xfs_growfs", "grow xfs filesystems", "xfsprogs"});
      break;
    case FilesystemType::btrfs:
      tools = {{"btrfs", "check and grow btrfs filesystems", "btrfs-progs"}};
      if (renamed) tools.push_back({"btrfstune", "change btrfs filesystems", "btrfs-progs"});
      break;
    case FilesystemType::vfat:
      tools = filesystem_tools(type);
      if (is_made_anew(partition)) tools.push_back({"mcopy", "read vfat filesystems", "mtools"});
      break;
    case FilesystemType::swap:
      if (is_made_anew(partition)) tools = filesystem_tools(type);
      break;
  }
  return tools;
}

}  // namespace composer::disk
