#pragma once

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <optional>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

#include "composer/base/file_descriptor.h"
#include "composer/disk/assembly.h"
#include "composer/error.h"

#include "tests/support/scratch_folder.h"
#include "tests/unit/disk/layouts.h"
#include "tests/unit/disk/observed_disk.h"

// The disk of a base image, and an Assembly on it.

namespace composer::test {

using namespace composer::disk;

inline constexpr std::int64_t kEpoch = 1767225600;      // 2026-01-01
inline constexpr std::int64_t kBaseEpoch = 1735689600;  // 2025-01-01

/// An ESP, a root, swap and data of `type`, which is the last.
inline PlannedDisk gpt_base(FilesystemType type) {
  return disk_of(
      PartitionTableType::gpt, "11111111-0000-8000-8000-00000000000d",
      {esp(), root(FilesystemType::ext4, MiB(200)),
       with(partition("swap", PartitionType::swap, "0657FD6D-A4AB-43C4-84E5-0933C84B4F4F",
                      "11111111-0000-8000-8000-000000000005", MiB(16)),
            FilesystemType::swap, "22222222-0000-8000-8000-000000000005", "swap", ""),
       with(partition("data", PartitionType::linux_data, "0FC63DAF-8483-4772-8E79-3D69D8477DE4",
                      "11111111-0000-8000-8000-000000000006", MiB(320)),
            type, "22222222-0000-8000-8000-000000000006", "data", "/srv/data")});
}

inline const PlannedPartition& labelled(const PlannedDisk& layout, std::string_view label) {
  for (const PlannedPartition& partition : layout.partitions) {
    if (partition.label == label) return partition;
  }
  throw std::runtime_error("no such partition");
}

/// A finished disk of that layout with a file in every filesystem, in the folder `base`.
inline Disk make_base(const PlannedDisk& layout, const ScratchFolder& scratch) {
  const std::filesystem::path work = scratch.path() / "base";
  std::filesystem::create_directory(work);
  SilentProgress progress;
  const host::CommandRunner runner(progress);
  Assembly assembly(layout, work, kBaseEpoch, runner, progress);
  write(assembly.root() / "boot/efi/EFI/BOOT/BOOTX64.EFI", "old loader");
  write(assembly.root() / "boot/efi/EFI/a long name.cfg", "set timeout=1\n");
  write(assembly.root() / "etc/old", "of the base");
  write(assembly.root() / "srv/data/old", "data of the base");
  return std::move(assembly).finish();
}

/// The layout as that of a base image in which nothing is to change.
inline PlannedDisk as_base(PlannedDisk layout) {
  for (PlannedPartition& partition : layout.partitions) {
    partition.base = PlannedOrigin{partition.size, partition.uuid,
                                   partition.filesystem ? partition.filesystem->uuid : ""};
  }
  return layout;
}

/// An Assembly on the disk `base`, in the folder `work`.
struct Change {
  Change(const PlannedDisk& layout, const Disk& base, const ScratchFolder& scratch)
      : work(scratch.path() / "work"), existing{base.path, base.size, base.layout.id} {
    std::filesystem::create_directory(work);
    assembly.emplace(layout, existing, work, kEpoch, runner, progress);
  }
  const std::filesystem::path& root() const { return assembly->root(); }
  Disk finish() { return std::move(*assembly).finish(); }

  SilentProgress progress;
  host::CommandRunner runner{progress};
  std::filesystem::path work;
  ExistingDisk existing;
  std::optional<Assembly> assembly;
};

inline std::string problem_of(const PlannedDisk& layout, const Disk& base,
                              const ScratchFolder& scratch) {
  try {
    Change change(layout, base, scratch);
  } catch (const Error& error) {
    return error.to_text();
  }
  return {};
}

inline void expect_released(const Disk& base, const ScratchFolder& scratch) {
  CHECK_FALSE(still_bound(base.path));
  CHECK_FALSE(mounted_below(scratch.path()));
}

}  // namespace composer::test
