#include "composer/disk/assembly.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <map>
#include <optional>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <utility>

#include "composer/base/file_descriptor.h"
#include "composer/disk/existing_filesystem.h"
#include "composer/disk/existing_partition.h"
#include "composer/disk/fat_source.h"
#include "composer/disk/fat_volume.h"
#include "composer/disk/filesystem.h"
#include "composer/disk/mount_order.h"
#include "composer/disk/mount_points.h"
#include "composer/disk/partition_name.h"
#include "composer/disk/partition_table.h"
#include "composer/disk/read_back.h"
#include "composer/disk/subvolumes.h"
#include "composer/disk/vfat_files.h"
#include "composer/error.h"
#include "composer/mount/loop_device.h"
#include "composer/mount/mount_point.h"

namespace composer::disk {
namespace {

/// Below this much free space a failure is blamed on the host's full disk.
constexpr Bytes kFull = MiB(1);

bool is_vfat(const PlannedPartition& partition) {
  return partition.filesystem && partition.filesystem->type == FilesystemType::vfat;
}

}  // namespace

struct Assembly::State {
  PlannedDisk layout;
  std::filesystem::path work_directory;
  std::filesystem::path root;
  std::filesystem::path disk;
  std::int64_t epoch = 0;
  host::CommandRunner runner;
  enum class Origin { made, existing, set_down } origin;  ///< Of the disk.

  FileDescriptor file;
  std::map<int, mount::LoopDevice> devices;  ///< By partition number.
  struct Mounted {
    const PlannedPartition* partition;
    mount::Mount mount;
    /// Opened as soon as it is mounted, so that syncfs reports every failed write since then.
    FileDescriptor watch;
  };
  std::vector<Mounted> mounts;  ///< Parents first.
  /// When the mount points of vfat partitions were changed last that were there before; by
  /// partition number.
  std::map<int, timespec> modified;
  bool finished = false;

  State(const PlannedDisk& planned, const std::filesystem::path& directory,
        std::filesystem::path disk_file, Origin disk_origin, std::int64_t seconds,
        const host::CommandRunner& commands)
      : layout(planned),
        work_directory(directory),
        root(directory / "root"),
        disk(std::move(disk_file)),
        epoch(seconds),
        runner(commands),
        origin(disk_origin) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State();

  void make_disk();
  void write_disk(const SetDownDisk& kept);
  void make_or_prepare_filesystems();
  void fill_with_subvolumes();
  void mount_filesystems();
  void begin(Progress& progress, const ExistingDisk* existing, const SetDownDisk* kept);

  ExistingWork existing_work() const { return {work_directory, epoch, &runner}; }
  void show_vfat(const PlannedPartition& partition, MountPoint mount_point);

  void fill_vfat(const PlannedPartition& partition);
  void unmount_all();
  void forget_host();
  void check_filesystems();
  void close_devices();

  Error explained(Error error) const;
};

Assembly::State::~State() {
  // Deepest first; each destructor does its best.
  while (!mounts.empty()) mounts.pop_back();
  devices.clear();
  // A disk that was there is its owner's, finished or not.
  if (origin != Origin::existing && !finished && file) ::unlink(disk.c_str());
}

void Assembly::State::make_disk() {
  if (::unlink(disk.c_str()) != 0 && errno != ENOENT) {
    throw system_error(fmt::format("cannot remove '{}'", disk.string()), errno);
  }
  file = open_file(disk, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
  if (::ftruncate(file.get(), static_cast<off_t>(layout.size.count)) != 0) {
    throw system_error(
        fmt::format("cannot make '{}' {} large", disk.string(), to_text(layout.size)), errno);
  }
}

/// With the devices bound already: binding a file waits until all that was written to it is on the
/// disk (LOOP_CONFIGURE, since about Linux 6.14).
void Assembly::State::write_disk(const SetDownDisk& kept) {
  for (const auto& [number, device] : devices) device.hide();
  kept.write(file.get(), disk);
  for (const auto& [number, device] : devices) device.show();
}

void Assembly::State::make_or_prepare_filesystems() {
  for (const PlannedPartition& partition : layout.partitions) {
    if (!partition.filesystem) continue;
    const auto [device, inserted] = devices.try_emplace(
        partition.number, file.get(), partition.start, partition.size, mount::Access::read_write);
    if (origin == Origin::set_down) continue;
    with_context(fmt::format("while {} the {} filesystem of partition '{}'",
                             partition.base ? "preparing" : "making",
                             kernel_name(partition.filesystem->type), partition_name(partition)),
                 [&] {
                   if (partition.base) {
                     prepare_existing_partition(partition, device->second, existing_work());
                   } else {
                     runner.check(mkfs_command(partition, device->second.path(), epoch));
                     device->second.write_back();
                   }
                 });
  }
}

void Assembly::State::fill_with_subvolumes() {
  for (const PlannedPartition& partition : layout.partitions) {
    if (!partition.filesystem || partition.filesystem->subvolumes.empty() || partition.base ||
        origin == Origin::set_down) {
      continue;
    }
    const PlannedFilesystem& filesystem = *partition.filesystem;
    with_context(
        fmt::format("while making the subvolumes of partition '{}'", partition_name(partition)),
        [&] {
          make_mount_point(work_directory, "/top", epoch);
          mount::Mount top(devices.at(partition.number).path(), {work_directory / "top", "/"},
                           kernel_name(filesystem.type), assembly_mount_options(filesystem));
          make_subvolumes(filesystem, top.path(), epoch);
          top.close();
        });
  }
}

void Assembly::State::mount_filesystems() {
  make_mount_point(work_directory, "/root", epoch);
  for (const PlannedMount& planned : in_mount_order(layout)) {
    const PlannedFilesystem& filesystem = *planned.partition->filesystem;
    const MountPoint mount_point = make_mount_point(root, planned.path, epoch);
    if (is_vfat(*planned.partition)) {
      // Of a disk that was set down they are still there.
      if (origin != Origin::set_down) show_vfat(*planned.partition, mount_point);
      continue;
    }
    std::vector<std::string> options = planned.partition->base ? existing_mount_options(filesystem)
                                                               : assembly_mount_options(filesystem);
    if (planned.subvolume) options.push_back("subvol=/" + planned.subvolume->name);
    Mounted mounted{planned.partition,
                    mount::Mount(devices.at(planned.partition->number).path(), {root, planned.path},
                                 kernel_name(filesystem.type), options),
                    {}};
    mounted.watch = open_file(mounted.mount.path(), O_RDONLY | O_DIRECTORY);
    mounts.push_back(std::move(mounted));
  }
}

/// Its mount point is where its files are until `finish`.
void Assembly::State::show_vfat(const PlannedPartition& partition, MountPoint mount_point) {
  const std::string& path = partition.filesystem->mount;
  const FileDescriptor directory = open_mount_point(root, path);
  require_empty_mount_point(directory.get(), path);
  struct stat status {};
  if (::fstat(directory.get(), &status) != 0) {
    throw system_error(fmt::format("cannot look at '{}'", path), errno);
  }
  if (mount_point == MountPoint::found) modified[partition.number] = status.st_mtim;
  if (!partition.base) return;
  with_context(
      fmt::format("while reading the vfat filesystem of partition '{}'", partition_name(partition)),
      [&] {
        place_vfat_files(vfat_directory(existing_work(), partition), directory.get(), path, epoch);
      });
}

void Assembly::State::fill_vfat(const PlannedPartition& partition) {
  const std::string& path = partition.filesystem->mount;
  const FileDescriptor directory = open_mount_point(root, path);
  const FatSource tree = scan_fat_source(directory.get(), path);
  const mount::LoopDevice& device = devices.at(partition.number);
  fill_fat(device.fd(), {0}, partition.size, directory.get(), tree, epoch, path,
           partition_name(partition));
  remove_fat_source(directory.get(), tree, path);
  // What is seen there when nothing is mounted: what was there before, or an empty directory of
  // root's.
  const auto before = modified.find(partition.number);
  const timespec time = before == modified.end() ? timespec{epoch, 0} : before->second;
  const timespec times[2] = {time, time};
  if ((before == modified.end() && ::fchmod(directory.get(), 0700) != 0) ||
      ::futimens(directory.get(), times) != 0) {
    throw system_error(fmt::format("cannot set the attributes of '{}'", path), errno);
  }
}

void Assembly::State::unmount_all() {
  for (Mounted& mounted : mounts) {
    // First what was written, then what was deleted: a block is trimmed once its deletion is on
    // the disk.
    if (::syncfs(mounted.watch.get()) != 0) {
      throw system_error(fmt::format("cannot write the filesystem of partition '{}'",
                                     partition_name(*mounted.partition)),
                         errno);
    }
    (void)mounted.mount.trim();
    mounted.watch.reset();
  }
  while (!mounts.empty()) {
    Mounted last = std::move(mounts.back());
    mounts.pop_back();
    const bool in_use = std::any_of(mounts.begin(), mounts.end(), [&](const Mounted& other) {
      return other.partition == last.partition;
    });
    last.mount.close(in_use ? mount::Mount::Device::in_use : mount::Mount::Device::free);
  }
}

/// Takes out of the filesystems what they remember of this machine, and writes all into the disk.
void Assembly::State::forget_host() {
  for (const PlannedPartition& partition : layout.partitions) {
    if (!partition.filesystem) continue;
    const mount::LoopDevice& device = devices.at(partition.number);
    with_context(fmt::format("while finishing the {} filesystem of partition '{}'",
                             kernel_name(partition.filesystem->type), partition_name(partition)),
                 [&] {
                   // One of a base image that was not mounted here has nothing to forget.
                   if (!partition.base || !partition.filesystem->mount.empty()) {
                     const host::Command forget =
                         forget_host_command(*partition.filesystem, device.path(), epoch);
                     if (!forget.arguments.empty()) runner.check(forget);
                   }
                   device.write_back();
                 });
  }
}

void Assembly::State::check_filesystems() {
  for (const PlannedPartition& partition : layout.partitions) {
    if (!partition.filesystem) continue;
    const host::Command check =
        check_command(partition.filesystem->type, devices.at(partition.number).path());
    if (check.arguments.empty()) continue;
    with_context(fmt::format("while checking the {} filesystem of partition '{}'",
                             kernel_name(partition.filesystem->type), partition_name(partition)),
                 [&] { runner.check(check); });
  }
}

void Assembly::State::close_devices() {
  for (auto& [number, device] : devices) device.close();
  devices.clear();
}

/// A full disk of the host shows in many ways (a failed mkfs, an I/O error, a damaged filesystem);
/// what the user needs to know is one.
Error Assembly::State::explained(Error error) const {
  struct statvfs status {};
  if (error.kind() != ErrorKind::build || ::statvfs(work_directory.c_str(), &status) != 0 ||
      status.f_bavail * status.f_frsize > kFull.count) {
    return error;
  }
  std::vector<Problem> problems = {
      {fmt::format("the disk of this machine is full at '{}'", work_directory.string()),
       {},
       {},
       "make room there, or work in another place"}};
  problems.insert(problems.end(), error.problems().begin(), error.problems().end());
  Error full(ErrorKind::host, std::move(problems));
  for (const std::string& frame : error.context()) full.add_context(frame);
  return full;
}

/// From nothing, or from a disk that is there, to all filesystems mounted.
void Assembly::State::begin(Progress& progress, const ExistingDisk* existing,
                            const SetDownDisk* kept) {
  const Amount amount{.items = layout.partitions.size(), .bytes = layout.size};
  progress.begin(Stage::partition, amount);
  try {
    if (origin == Origin::existing) {
      file = open_existing_disk(layout, *existing);
    } else {
      make_disk();
    }
    if (origin == Origin::made) write_partition_table(file.get(), layout);
    make_or_prepare_filesystems();
    if (kept != nullptr) write_disk(*kept);
    fill_with_subvolumes();
    mount_filesystems();
  } catch (const Error& error) {
    throw explained(error);
  }
  progress.end(Stage::partition, amount);
}

Assembly::Assembly(const PlannedDisk& layout, const std::filesystem::path& work_directory,
                   std::int64_t source_date_epoch, const host::CommandRunner& runner,
                   Progress& progress)
    : state_(std::make_unique<State>(layout, work_directory, work_directory / "disk.raw",
                                     State::Origin::made, source_date_epoch, runner)) {
  state_->begin(progress, nullptr, nullptr);
}

Assembly::Assembly(const PlannedDisk& layout, const ExistingDisk& existing,
                   const std::filesystem::path& work_directory, std::int64_t source_date_epoch,
                   const host::CommandRunner& runner, Progress& progress)
    : state_(std::make_unique<State>(layout, work_directory, existing.file, State::Origin::existing,
                                     source_date_epoch, runner)) {
  state_->begin(progress, &existing, nullptr);
}

Assembly::Assembly(const PlannedDisk& layout, const SetDownDisk& disk,
                   const std::filesystem::path& work_directory, std::int64_t source_date_epoch,
                   const host::CommandRunner& runner, Progress& progress)
    : state_(std::make_unique<State>(layout, work_directory, work_directory / "disk.raw",
                                     State::Origin::set_down, source_date_epoch, runner)) {
  state_->begin(progress, nullptr, &disk);
}

Assembly::Assembly(Assembly&&) noexcept = default;
Assembly& Assembly::operator=(Assembly&&) noexcept = default;
Assembly::~Assembly() = default;

const std::filesystem::path& Assembly::root() const {
  return state_->root;
}

void Assembly::set_down(const std::function<void(const std::filesystem::path& disk)>& look) {
  try {
    state_->unmount_all();
  } catch (const Error& error) {
    throw state_->explained(error);
  }
  look(state_->disk);
  const State::Origin origin = std::exchange(state_->origin, State::Origin::set_down);
  state_->mount_filesystems();
  state_->origin = origin;
}

Disk Assembly::finish() && {
  Disk disk = std::move(*this).finish_unchecked();
  std::exchange(disk.check, {})();
  return disk;
}

Disk Assembly::finish_unchecked() && {
  const std::shared_ptr<State> state = std::move(state_);
  try {
    for (const PlannedMount& mount : in_mount_order(state->layout)) {
      if (!is_vfat(*mount.partition)) continue;
      with_context(fmt::format("while filling the vfat filesystem of partition '{}'",
                               partition_name(*mount.partition)),
                   [&] { state->fill_vfat(*mount.partition); });
    }
    state->unmount_all();
    state->forget_host();
    check_as_planned(state->file.get(), state->layout);
  } catch (const Error& error) {
    throw state->explained(error);
  }
  const auto check = [state] {
    try {
      state->check_filesystems();
      state->close_devices();
    } catch (const Error& error) {
      throw state->explained(error);
    }
    state->finished = true;
  };
  return {state->disk, state->layout.size, state->layout, check};
}

}  // namespace composer::disk
