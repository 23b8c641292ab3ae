#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <vector>

#include "composer/disk/existing_disk.h"
#include "composer/host/process.h"
#include "composer/plan.h"
#include "composer/progress.h"

namespace composer::disk {

/// A raw disk file with its layout: nothing mounted, its bytes final. What images are made of.
struct Disk {
  std::filesystem::path path;  ///< A sparse file, or the existing disk that was changed; holes
                               ///< where nothing was written.
  Bytes size;
  PlannedDisk layout;
  /// Checks the filesystems, and changes nothing; to be called once, from any thread, before
  /// anything that was made of the disk is finished. Empty where that is done. @throws Error
  std::function<void()> check = {};
};

/// The programs that an Assembly of this layout runs.
std::vector<host::Tool> required_tools(const PlannedDisk& layout);

/// Makes sure that this machine's kernel can mount what an Assembly of this layout mounts (loads
/// the module where there is one). vfat is not among it.
/// @throws Error  of kind host naming every filesystem that is missing and its partition.
void require_filesystems(const PlannedDisk& layout);

/// A disk that an Assembly of the same layout has set down.
struct SetDownDisk {
  /// Writes all of it into `file` (`path`): as large as the layout, all holes, in use by loop
  /// devices.
  std::function<void(int file, const std::filesystem::path& path)> write;
};

/// A partitioned sparse file whose filesystems are made and mounted at `root()`, one loop device
/// per partition. A vfat partition (the ESP) is a plain directory there until `finish`, since the
/// host's kernel may have no vfat. The only assembler today; nothing outside mount/ and disk/ may
/// know how it works. Call mount::enter_private_mounts first.
class Assembly {
 public:
  /// Partitions, makes the filesystems, mounts (stage `partition`). `work_directory` exists; the
  /// disk is `disk.raw` in it, the root `root`. Mount points are made with mode 0755.
  Assembly(const PlannedDisk& layout, const std::filesystem::path& work_directory,
           std::int64_t source_date_epoch, const host::CommandRunner& runner, Progress& progress);
  /// The same with a disk that is there, such as the scratch copy of a base image: it gets the
  /// layout's size, table and UUIDs, and partitions with `base` keep what is in them. Mount points
  /// that are there stay as they are. The files of a vfat partition are read out of it into its
  /// mount point, modes 0700; the filesystem is made anew at once. When this is given up the disk
  /// stays, half changed: it is the caller's.
  /// @throws Error  when the disk is not what the layout was planned for, a filesystem is damaged,
  ///                or a vfat's mount point is not empty or behind a symbolic link.
  Assembly(const PlannedDisk& layout, const ExistingDisk& existing,
           const std::filesystem::path& work_directory, std::int64_t source_date_epoch,
           const host::CommandRunner& runner, Progress& progress);
  /// Goes on with a disk that was set down: nothing is made, the filesystems are mounted, and the
  /// files of vfat partitions are where they were.
  Assembly(const PlannedDisk& layout, const SetDownDisk& disk,
           const std::filesystem::path& work_directory, std::int64_t source_date_epoch,
           const host::CommandRunner& runner, Progress& progress);
  Assembly(Assembly&&) noexcept;
  Assembly& operator=(Assembly&&) noexcept;
  /// Unmounts what is still mounted, as well as it can, and removes a disk of its own that is not
  /// finished.
  ~Assembly();

  const std::filesystem::path& root() const;

  /// Unmounts everything, shows `look` the disk's file, which is whole for as long as that takes,
  /// and mounts again. Nothing may be open in the root.
  void set_down(const std::function<void(const std::filesystem::path& disk)>& look);

  /// Moves the files of vfat partitions into their filesystems, trims, unmounts, checks every
  /// filesystem and reads the disk back with libblkid.
  /// @throws Error  when the host's disk is full, a filesystem is damaged, the files of a vfat
  ///                partition do not fit or have names that it cannot hold, anything does not let
  ///                go, or is not as planned.
  Disk finish() &&;
  /// The same, but the filesystems are left to Disk::check, which can be done while images are
  /// made.
  Disk finish_unchecked() &&;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace composer::disk
