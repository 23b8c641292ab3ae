#include "tests/unit/disk/existing_base.h"

using namespace composer;
using namespace composer::disk;
using namespace composer::test;

TEST_CASE("a damaged ext4 is refused by the name of its partition, and nothing is left") {
  const ScratchFolder scratch;
  const Disk base = make_base(gpt_base(FilesystemType::ext4), scratch);
  const PlannedPartition& data = labelled(base.layout, "data");
  const FileDescriptor fd = open_file(base.path, O_WRONLY);
  const auto scribble = [&](Bytes offset, Bytes size) {
    write_all_at(fd.get(), std::string(size.count, '\xa5'), (data.start + offset).count, "disk");
  };
  SECTION("the superblock") {
    scribble(KiB(1), KiB(1));
  }
  SECTION("inodes and what is near") {
    scribble(KiB(4), MiB(4));
  }
  CHECK_THAT(problem_of(as_base(base.layout), base, scratch),
             Catch::StartsWith("error: the ext4 filesystem of partition 'data' is damaged\n") &&
                 Catch::Contains("hint: 'e2fsck -f' may repair it, on a copy of the image"));
  expect_released(base, scratch);
  CHECK(std::filesystem::exists(base.path));
}

TEST_CASE("damaged xfs and btrfs are refused by the name of their partition") {
  const FilesystemType type = GENERATE(FilesystemType::xfs, FilesystemType::btrfs);
  const ScratchFolder scratch;
  const Disk base = make_base(gpt_base(type), scratch);
  const PlannedPartition& data = labelled(base.layout, "data");
  // The superblock of xfs, and the first of btrfs.
  for (const Bytes at : {Bytes{0}, KiB(64)}) {
    write_all_at(open_file(base.path, O_WRONLY).get(), std::string(4096, '\xa5'),
                 (data.start + at).count, "disk");
  }
  CHECK_THAT(problem_of(as_base(base.layout), base, scratch),
             Catch::Contains("filesystem of partition 'data' is damaged\n"));
  expect_released(base, scratch);
}

TEST_CASE("files that are hidden below a vfat's mount point are refused") {
  const ScratchFolder scratch;
  PlannedDisk layout = gpt_base(FilesystemType::ext4);
  layout.partitions[0].filesystem->mount = "/other";
  const Disk base = make_base(layout, scratch);  // With an EFI folder in the root.
  layout = as_base(base.layout);
  layout.partitions[0].filesystem->mount = "/boot/efi";
  CHECK(problem_of(layout, base, scratch) ==
        "error: the mount point '/boot/efi' holds files below what is mounted there\n"
        "  hint: remove them from the image; they are not seen while it runs\n");
  expect_released(base, scratch);
}

TEST_CASE("links of a hostile root lead nowhere outside of it") {
  const ScratchFolder scratch;
  const std::filesystem::path outside = scratch.path() / "outside";
  std::filesystem::create_directories(outside / "data");
  PlannedDisk layout = gpt_base(FilesystemType::ext4);
  layout.partitions[0].filesystem->mount.clear();
  layout.partitions[3].filesystem->mount.clear();
  const std::filesystem::path work = scratch.path() / "base";
  std::filesystem::create_directory(work);
  SilentProgress progress;
  const host::CommandRunner runner(progress);
  Assembly assembly(layout, work, kBaseEpoch, runner, progress);
  std::filesystem::create_directory(assembly.root() / "boot");
  std::filesystem::create_directory_symlink(outside, assembly.root() / "srv");
  std::filesystem::create_directory_symlink(outside, assembly.root() / "boot/efi");
  const Disk base = std::move(assembly).finish();
  layout = as_base(base.layout);

  SECTION("by a mount point that is missing inside") {
    layout.partitions[3].filesystem->mount = "/srv/data";
    CHECK_THAT(problem_of(layout, base, scratch),
               Catch::StartsWith("error: cannot make directory '/srv' in the image: File exists"));
  }
  SECTION("by the ESP's mount point") {
    layout.partitions[0].filesystem->mount = "/boot/efi";
    CHECK_THAT(problem_of(layout, base, scratch), Catch::StartsWith("error: "));
  }
  expect_released(base, scratch);
  CHECK(std::filesystem::is_empty(outside / "data"));
  CHECK(std::distance(std::filesystem::directory_iterator(outside), {}) == 1);
}

TEST_CASE("a disk of another size than planned is refused") {
  const ScratchFolder scratch;
  Disk base = make_base(gpt_base(FilesystemType::ext4), scratch);
  const Bytes real = base.size;
  base.size += MiB(1);
  CHECK(problem_of(as_base(base.layout), base, scratch) ==
        fmt::format("error: '{}' has {} bytes, not {} as planned\n", base.path.string(), real.count,
                    base.size.count));
}
