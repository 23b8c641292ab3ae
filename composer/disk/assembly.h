#pragma once

#include <filesystem>
#include <memory>

#include "composer/base/file_descriptor.h"
#include "composer/host/process.h"
#include "composer/plan.h"
#include "composer/progress.h"

namespace composer::disk {

/// A raw disk file with its layout: nothing mounted, filesystems checked. What images are made of.
struct Disk {
  std::filesystem::path path;  ///< A sparse file; holes where nothing was written.
  Bytes size;
  PlannedDisk layout;
};

/// A partitioned sparse file whose filesystems are made and mounted at `root()`, one loop device
/// per partition. An ESP (vfat) is a plain directory there until `finish`, since the host's kernel
/// may have no vfat. The only assembler today; nothing outside mount/ and disk/ may know how it
/// works.
class Assembly {
 public:
  /// Partitions, makes the filesystems, mounts (stage `partition`).
  Assembly(const PlannedDisk& layout, const std::filesystem::path& work_directory,
           std::int64_t source_date_epoch, const host::CommandRunner& runner, Progress& progress);
  Assembly(Assembly&&) noexcept;
  Assembly& operator=(Assembly&&) noexcept;
  /// Unmounts what is still mounted, as well as it can.
  ~Assembly();

  const std::filesystem::path& root() const;

  /// Moves the ESP's files into its filesystem, trims, unmounts, checks every filesystem and reads
  /// the disk back with libblkid. @throws Error when anything does not let go or is not as planned.
  Disk finish() &&;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace composer::disk
