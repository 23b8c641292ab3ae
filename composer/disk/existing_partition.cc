#include "composer/disk/existing_partition.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

#include "composer/disk/clear_range.h"
#include "composer/disk/existing_filesystem.h"
#include "composer/disk/fat_volume.h"
#include "composer/disk/filesystem.h"
#include "composer/disk/mount_points.h"
#include "composer/disk/partition_name.h"
#include "composer/disk/probe.h"
#include "composer/disk/vfat_files.h"
#include "composer/error.h"
#include "composer/mount/mount_point.h"

namespace composer::disk {
namespace {

/// As many lines of a checker's output as tell what is wrong.
constexpr std::size_t kMostLines = 10;

std::vector<std::string> last_lines(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty() && lines.size() < kMostLines) {
    if (text.ends_with('\n')) text.remove_suffix(1);
    const std::size_t start = text.rfind('\n') + 1;  // Zero where there is none.
    if (start < text.size()) lines.insert(lines.begin(), std::string(text.substr(start)));
    text = text.substr(0, start);
  }
  return lines;
}

std::string_view hint_for(FilesystemType type) {
  switch (type) {
    case FilesystemType::ext4:
      return "'e2fsck -f' may repair it, on a copy of the image";
    case FilesystemType::xfs:
      return "an xfs that was in use has to be mounted and unmounted once; else 'xfs_repair' may "
             "repair it, on a copy of the image";
    case FilesystemType::btrfs:
      return "see 'btrfs check', on a copy of the image";
    case FilesystemType::vfat:
      return "'fsck.fat' may repair it, on a copy of the image";
    case FilesystemType::swap:
      break;
  }
  return {};
}

[[noreturn]] void refuse_damaged(const PlannedPartition& partition,
                                 const host::CommandOutput& output) {
  const FilesystemType type = partition.filesystem->type;
  throw Error(ErrorKind::build,
              Problem{fmt::format("the {} filesystem of partition '{}' is damaged",
                                  kernel_name(type), partition_name(partition)),
                      {},
                      last_lines(output.standard_output + output.standard_error),
                      std::string(hint_for(type))});
}

void check_and_repair(const PlannedPartition& partition, const std::filesystem::path& device,
                      const ExistingWork& work) {
  const FilesystemType type = partition.filesystem->type;
  const Repair repair = repair_command(type, device, work.source_date_epoch);
  if (repair.command.arguments.empty()) return;
  const host::CommandOutput output = work.runner->run(repair.command);
  if (output.status == 0) return;
  if (output.status > repair.highest_status) refuse_damaged(partition, output);
  const host::CommandOutput again = work.runner->run(check_command(type, device));
  if (again.status != 0) refuse_damaged(partition, again);
}

void set_uuid(const PlannedPartition& partition, const mount::LoopDevice& device,
              const ExistingWork& work) {
  const PlannedFilesystem& filesystem = *partition.filesystem;
  work.runner->check(
      set_uuid_command(filesystem.type, filesystem.uuid, device.path(), work.source_date_epoch));
  // xfs_db, which xfs_admin runs, ends with status 0 even where it changed nothing.
  const auto seen = probe_filesystem(device.fd(), {0}, partition.size);
  if (!seen || seen->uuid != filesystem.uuid) {
    throw Error(
        ErrorKind::build,
        fmt::format("the {} filesystem of partition '{}' did not take the UUID '{}'",
                    kernel_name(filesystem.type), partition_name(partition), filesystem.uuid));
  }
}

void grow(const PlannedPartition& partition, const mount::LoopDevice& device,
          const ExistingWork& work) {
  const PlannedFilesystem& filesystem = *partition.filesystem;
  if (!grows_while_mounted(filesystem.type)) {
    work.runner->check(grow_command(filesystem.type, device.path(), work.source_date_epoch));
    return;
  }
  // Not where it will be mounted: the path of that lies in a root that is not trusted.
  const std::filesystem::path top = work.directory / "top";
  make_mount_point(work.directory, "/top", work.source_date_epoch);
  mount::Mount mounted(device.path(), {top, "/"}, kernel_name(filesystem.type),
                       existing_mount_options(filesystem));
  work.runner->check(grow_command(filesystem.type, top, work.source_date_epoch));
  mounted.close();
}

void make_anew(const PlannedPartition& partition, const mount::LoopDevice& device,
               const ExistingWork& work) {
  const bool vfat = partition.filesystem->type == FilesystemType::vfat;
  const std::filesystem::path files = vfat_directory(work, partition);
  if (vfat) read_vfat_files(device.path(), files, *work.runner);
  clear_range(device.fd(), {0}, partition.size, device.path().string());
  work.runner->check(mkfs_command(partition, device.path(), work.source_date_epoch));
  device.write_back();
  if (!vfat || !partition.filesystem->mount.empty()) return;
  const FileDescriptor directory = open_file(files, O_RDONLY | O_DIRECTORY);
  const std::string shown = files.string();
  const FatSource tree = scan_fat_source(directory.get(), shown);
  fill_fat(device.fd(), {0}, partition.size, directory.get(), tree, work.source_date_epoch, shown,
           partition_name(partition));
  std::filesystem::remove_all(files);
}

}  // namespace

void prepare_existing_partition(const PlannedPartition& partition, const mount::LoopDevice& device,
                                const ExistingWork& work) {
  check_and_repair(partition, device.path(), work);
  if (is_made_anew(partition)) {
    make_anew(partition, device, work);
    return;
  }
  if (has_new_uuid(partition)) set_uuid(partition, device, work);
  if (has_grown(partition)) grow(partition, device, work);
}

std::filesystem::path vfat_directory(const ExistingWork& work, const PlannedPartition& partition) {
  return work.directory / fmt::format("vfat-{}", partition.number);
}

}  // namespace composer::disk
