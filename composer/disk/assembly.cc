#include "composer/disk/assembly.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <map>
#include <optional>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <utility>

#include "composer/base/file_descriptor.h"
#include "composer/disk/fat_source.h"
#include "composer/disk/fat_volume.h"
#include "composer/disk/filesystem.h"
#include "composer/disk/mount_order.h"
#include "composer/disk/partition_table.h"
#include "composer/disk/read_back.h"
#include "composer/disk/subvolumes.h"
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

/// Makes a directory and its missing parents in a filesystem that nobody but us has written to.
void make_directories(const std::filesystem::path& root, const std::string& path) {
  std::filesystem::path made = root;
  for (const auto& component : std::filesystem::path(path).relative_path()) {
    made /= component;
    if (::mkdir(made.c_str(), 0755) == 0) {
      // Whatever the umask is.
      if (::chmod(made.c_str(), 0755) == 0) continue;
    } else if (errno == EEXIST) {
      continue;
    }
    throw system_error(fmt::format("cannot make directory '{}'", made.string()), errno);
  }
}

/// Gives a directory that will be mounted over its times now: nothing reaches it afterwards.
void set_times(const std::filesystem::path& directory, std::int64_t epoch) {
  const timespec times[2] = {{epoch, 0}, {epoch, 0}};
  if (::utimensat(AT_FDCWD, directory.c_str(), times, AT_SYMLINK_NOFOLLOW) != 0) {
    throw system_error(fmt::format("cannot set the times of '{}'", directory.string()), errno);
  }
}

/// Opens a directory of a root that packages filled. A link anywhere in the path is refused: it
/// would move another directory's files into the partition.
FileDescriptor open_mount_point(const std::filesystem::path& root, const std::string& path) {
  const FileDescriptor top = open_file(root, O_RDONLY | O_DIRECTORY);
  open_how how{};
  how.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  FileDescriptor directory(
      static_cast<int>(::syscall(SYS_openat2, top.get(), path.c_str(), &how, sizeof how)));
  if (!directory) {
    if (errno == ELOOP) {
      throw Error(ErrorKind::build,
                  fmt::format("a package made a symbolic link of the mount point '{}'", path));
    }
    throw system_error(fmt::format("cannot open the mount point '{}' in the image", path), errno);
  }
  return directory;
}

}  // namespace

struct Assembly::State {
  PlannedDisk layout;
  std::filesystem::path work_directory;
  std::filesystem::path root;
  std::filesystem::path disk;
  std::int64_t epoch = 0;
  host::CommandRunner runner;
  Progress* progress = nullptr;

  FileDescriptor file;
  std::map<int, mount::LoopDevice> devices;  ///< By partition number.
  struct Mounted {
    const PlannedPartition* partition;
    mount::Mount mount;
    /// Opened as soon as it is mounted, so that syncfs reports every failed write since then.
    FileDescriptor watch;
  };
  std::vector<Mounted> mounts;  ///< Parents first.
  bool finished = false;

  State(const PlannedDisk& planned, const std::filesystem::path& directory, std::int64_t seconds,
        const host::CommandRunner& commands, Progress& reports)
      : layout(planned),
        work_directory(directory),
        root(directory / "root"),
        disk(directory / "disk.raw"),
        epoch(seconds),
        runner(commands),
        progress(&reports) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State();

  void make_disk();
  void make_filesystems();
  void fill_with_subvolumes();
  void mount_filesystems();

  void fill_vfat(const PlannedPartition& partition);
  void unmount_all();
  void check_filesystems();
  void close_devices();

  Error explained(Error error) const;
};

Assembly::State::~State() {
  // Deepest first; each destructor does its best.
  while (!mounts.empty()) mounts.pop_back();
  devices.clear();
  if (!finished && file) ::unlink(disk.c_str());
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
  write_partition_table(file.get(), layout);
}

void Assembly::State::make_filesystems() {
  for (const PlannedPartition& partition : layout.partitions) {
    if (!partition.filesystem) continue;
    const auto [device, inserted] = devices.try_emplace(
        partition.number, file.get(), partition.start, partition.size, mount::Access::read_write);
    with_context(fmt::format("while making the {} filesystem of partition '{}'",
                             kernel_name(partition.filesystem->type), partition.label),
                 [&] { runner.check(mkfs_command(partition, device->second.path(), epoch)); });
  }
}

void Assembly::State::fill_with_subvolumes() {
  for (const PlannedPartition& partition : layout.partitions) {
    if (!partition.filesystem || partition.filesystem->subvolumes.empty()) continue;
    const PlannedFilesystem& filesystem = *partition.filesystem;
    with_context(
        fmt::format("while making the subvolumes of partition '{}'", partition.label), [&] {
          make_directories(work_directory, "top");
          mount::Mount top(devices.at(partition.number).path(), {work_directory / "top", "/"},
                           kernel_name(filesystem.type), assembly_mount_options(filesystem));
          make_subvolumes(filesystem, top.path(), epoch);
          top.close();
        });
  }
}

void Assembly::State::mount_filesystems() {
  make_directories(work_directory, "root");
  for (const PlannedMount& planned : in_mount_order(layout)) {
    const PlannedFilesystem& filesystem = *planned.partition->filesystem;
    make_directories(root, planned.path);
    set_times(root / std::filesystem::path(planned.path).relative_path(), epoch);
    if (is_vfat(*planned.partition)) continue;
    std::vector<std::string> options = assembly_mount_options(filesystem);
    if (planned.subvolume) options.push_back("subvol=/" + planned.subvolume->name);
    Mounted mounted{planned.partition,
                    mount::Mount(devices.at(planned.partition->number).path(), {root, planned.path},
                                 kernel_name(filesystem.type), options),
                    {}};
    mounted.watch = open_file(mounted.mount.path(), O_RDONLY | O_DIRECTORY);
    mounts.push_back(std::move(mounted));
  }
}

void Assembly::State::fill_vfat(const PlannedPartition& partition) {
  const std::string& path = partition.filesystem->mount;
  const FileDescriptor directory = open_mount_point(root, path);
  const FatSource tree = scan_fat_source(directory.get(), path);
  const mount::LoopDevice& device = devices.at(partition.number);
  fill_fat(device.fd(), {0}, partition.size, directory.get(), tree, epoch, path, partition.label);
  remove_fat_source(directory.get(), tree, path);
  // What is seen there when nothing is mounted: an empty directory of root's.
  const timespec times[2] = {{epoch, 0}, {epoch, 0}};
  if (::fchmod(directory.get(), 0700) != 0 || ::futimens(directory.get(), times) != 0) {
    throw system_error(fmt::format("cannot set the attributes of '{}'", path), errno);
  }
}

void Assembly::State::unmount_all() {
  for (Mounted& mounted : mounts) {
    // First what was written, then what was deleted: a block is trimmed once its deletion is on
    // the disk.
    if (::syncfs(mounted.watch.get()) != 0) {
      throw system_error(
          fmt::format("cannot write the filesystem of partition '{}'", mounted.partition->label),
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

void Assembly::State::check_filesystems() {
  for (const PlannedPartition& partition : layout.partitions) {
    if (!partition.filesystem) continue;
    const mount::LoopDevice& device = devices.at(partition.number);
    with_context(fmt::format("while checking the {} filesystem of partition '{}'",
                             kernel_name(partition.filesystem->type), partition.label),
                 [&] {
                   const host::Command forget =
                       forget_host_command(*partition.filesystem, device.path(), epoch);
                   if (!forget.arguments.empty()) runner.check(forget);
                   const host::Command check =
                       check_command(partition.filesystem->type, device.path());
                   if (!check.arguments.empty()) runner.check(check);
                 });
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

Assembly::Assembly(const PlannedDisk& layout, const std::filesystem::path& work_directory,
                   std::int64_t source_date_epoch, const host::CommandRunner& runner,
                   Progress& progress)
    : state_(std::make_unique<State>(layout, work_directory, source_date_epoch, runner, progress)) {
  progress.begin(Stage::partition, {.items = layout.partitions.size(), .bytes = layout.size});
  try {
    state_->make_disk();
    state_->make_filesystems();
    state_->fill_with_subvolumes();
    state_->mount_filesystems();
  } catch (const Error& error) {
    throw state_->explained(error);
  }
  progress.end(Stage::partition, {.items = layout.partitions.size(), .bytes = layout.size});
}

Assembly::Assembly(Assembly&&) noexcept = default;
Assembly& Assembly::operator=(Assembly&&) noexcept = default;
Assembly::~Assembly() = default;

const std::filesystem::path& Assembly::root() const {
  return state_->root;
}

Disk Assembly::finish() && {
  const std::unique_ptr<State> state = std::move(state_);
  try {
    for (const PlannedMount& mount : in_mount_order(state->layout)) {
      if (!is_vfat(*mount.partition)) continue;
      with_context(fmt::format("while filling the vfat filesystem of partition '{}'",
                               mount.partition->label),
                   [&] { state->fill_vfat(*mount.partition); });
    }
    state->unmount_all();
    state->check_filesystems();
    state->close_devices();
    check_as_planned(state->file.get(), state->layout);
  } catch (const Error& error) {
    throw state->explained(error);
  }
  state->finished = true;
  return {state->disk, state->layout.size, state->layout};
}

}  // namespace composer::disk
