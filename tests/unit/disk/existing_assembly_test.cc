#include "tests/unit/disk/existing_base.h"

using namespace composer;
using namespace composer::disk;
using namespace composer::test;

namespace {

std::string table_bytes(const Disk& disk) {
  const FileDescriptor fd = open_file(disk.path, O_RDONLY);
  std::string bytes(2 << 20, '\0');
  REQUIRE(::pread(fd.get(), bytes.data(), 1 << 20, 0) == 1 << 20);
  REQUIRE(::pread(fd.get(), bytes.data() + (1 << 20), 1 << 20,
                  static_cast<off_t>(disk.size.count - (1 << 20))) == 1 << 20);
  return bytes;
}

/// Every filesystem is sound, has its planned UUID and label, and fills its partition.
void judge(const Disk& disk, const std::filesystem::path& folder) {
  CHECK_THAT(output_of({"sfdisk", "--verify", disk.path.string()}),
             Catch::Contains("No errors detected"));
  if (disk.layout.table == PartitionTableType::gpt) {
    CHECK_THAT(output_of({"sgdisk", "-v", disk.path.string()}),
               Catch::Contains("No problems found"));
  }
  for (const PlannedPartition& planned : disk.layout.partitions) {
    if (!planned.filesystem) continue;
    INFO(planned.label);
    const std::string seen =
        output_of({"blkid", "-p", "-o", "export", "-O", fmt::format("{}", planned.start.count),
                   "-S", fmt::format("{}", planned.size.count), disk.path.string()});
    CHECK_THAT(seen, Catch::Contains("\nUUID=" + planned.filesystem->uuid + "\n"));
    CHECK_THAT(seen, Catch::Contains("LABEL=" + planned.filesystem->label + "\n"));
    const std::string image = cut_out(disk, planned, folder).string();
    switch (planned.filesystem->type) {
      case FilesystemType::ext4:
        output_of({"e2fsck", "-fn", image});
        break;
      case FilesystemType::xfs:
        output_of({"xfs_repair", "-n", image});
        break;
      case FilesystemType::btrfs:
        output_of({"btrfs", "check", "--readonly", image});
        break;
      case FilesystemType::vfat:
        output_of({"fsck.fat", "-n", image});
        break;
      case FilesystemType::swap:
        break;
    }
  }
}

/// The content of a file of an ext4.
std::string in_ext4(const Disk& disk, std::string_view label, const std::string& path,
                    const ScratchFolder& scratch) {
  const auto image = cut_out(disk, labelled(disk.layout, label), scratch.path());
  return output_of({"debugfs", "-R", "cat \"" + path + "\"", image.string()});
}

/// What statfs says is in a filesystem, and one of its files.
struct Seen {
  Bytes size;
  std::string content;
};
Seen mounted_and_seen(const Disk& disk, std::string_view label, const std::string& file,
                      const ScratchFolder& scratch) {
  const auto image = cut_out(disk, labelled(disk.layout, label), scratch.path());
  const std::filesystem::path top = scratch.path() / "seen";
  std::filesystem::create_directory(top);
  output_of({"mount", "-o", "loop", image.string(), top.string()});
  Seen seen{{std::filesystem::space(top).capacity}, read_file(top / file)};
  output_of({"umount", top.string()});
  return seen;
}

}  // namespace

TEST_CASE("a disk that is there grows, gets another partition and new UUIDs, and keeps its files") {
  const FilesystemType type = GENERATE(FilesystemType::xfs, FilesystemType::btrfs);
  const ScratchFolder scratch;
  const Disk base = make_base(gpt_base(type), scratch);

  PlannedDisk layout = as_base(base.layout);
  layout.id = "33333333-0000-8000-8000-00000000000d";
  for (PlannedPartition& partition : layout.partitions) {
    partition.uuid[0] = '3';
    partition.filesystem->uuid[0] = '4';
  }
  layout.size += GiB(1);
  layout.partitions.back().size += MiB(800);
  PlannedPartition added =
      with(partition("added", PartitionType::linux_data, "0FC63DAF-8483-4772-8E79-3D69D8477DE4",
                     "33333333-0000-8000-8000-000000000007", MiB(100)),
           FilesystemType::ext4, "44444444-0000-8000-8000-000000000007", "added", "/srv/new/added");
  added.number = 5;
  added.start = layout.partitions.back().start + layout.partitions.back().size;
  layout.partitions.push_back(added);

  Change change(layout, base, scratch);
  CHECK(read_file(change.root() / "etc/old") == "of the base");
  CHECK(read_file(change.root() / "boot/efi/EFI/BOOT/BOOTX64.EFI") == "old loader");
  CHECK(read_file(change.root() / "srv/data/old") == "data of the base");
  write(change.root() / "etc/new", "of the change");
  write(change.root() / "boot/efi/EFI/BOOT/new.cfg", "new");
  write(change.root() / "srv/data/new", "new data");
  write(change.root() / "srv/new/added/file", "in the added one");
  const Disk disk = change.finish();

  CHECK(disk.path == base.path);
  CHECK(std::filesystem::file_size(disk.path) == layout.size.count);
  expect_released(base, scratch);
  judge(disk, scratch.path());
  CHECK(in_ext4(disk, "root", "/etc/old", scratch) == "of the base");
  CHECK(in_ext4(disk, "root", "/etc/new", scratch) == "of the change");
  CHECK(in_ext4(disk, "added", "/file", scratch) == "in the added one");
  const Seen data = mounted_and_seen(disk, "data", "old", scratch);
  CHECK(data.content == "data of the base");
  CHECK(data.size > MiB(950));
  const std::string esp_image =
      fmt::format("{}@@{}", disk.path.string(), labelled(layout, "esp").start.count);
  CHECK(output_of({"mtype", "-i", esp_image, "::/EFI/BOOT/BOOTX64.EFI"}) == "old loader");
  CHECK(output_of({"mtype", "-i", esp_image, "::/EFI/BOOT/new.cfg"}) == "new");
  CHECK(output_of({"mtype", "-i", esp_image, "::/EFI/a long name.cfg"}) == "set timeout=1\n");
}

TEST_CASE("ext4, swap and an ESP grow as well") {
  const ScratchFolder scratch;
  PlannedDisk layout = gpt_base(FilesystemType::ext4);
  // Each is the last in turn.
  const std::string last = GENERATE("esp", "swap", "data");
  std::erase_if(layout.partitions,
                [&](const PlannedPartition& partition) { return partition.label == last; });
  layout.partitions.push_back(labelled(gpt_base(FilesystemType::ext4), last));
  layout = disk_of(layout.table, layout.id, layout.partitions);
  const Disk base = make_base(layout, scratch);
  layout = as_base(base.layout);
  layout.size += MiB(100);
  layout.partitions.back().size += MiB(100);
  const Disk disk = Change(layout, base, scratch).finish();
  expect_released(base, scratch);
  judge(disk, scratch.path());
  CHECK(in_ext4(disk, "data", "/old", scratch) == "data of the base");
  if (last == "data") {
    CHECK(mounted_and_seen(disk, "data", "old", scratch).size > MiB(370));
  } else if (last == "swap") {
    CHECK_THAT(output_of({"file", "-s", (scratch.path() / "swap.img").string()}),
               Catch::Contains(fmt::format("size {} pages", (MiB(116).count >> 12) - 1)));
  }
}

TEST_CASE("where nothing changes the partition table is the same bytes, and directories too") {
  const ScratchFolder scratch;
  const Disk base = make_base(gpt_base(FilesystemType::xfs), scratch);
  const std::string before = table_bytes(base);
  Change change(as_base(base.layout), base, scratch);
  struct stat status {};
  REQUIRE(::stat((change.root() / "boot/efi/EFI/BOOT/BOOTX64.EFI").c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0700);
  CHECK(status.st_mtim.tv_sec == kBaseEpoch);
  REQUIRE(::stat((change.root() / "boot/efi").c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0700);
  const Disk disk = change.finish();
  expect_released(base, scratch);
  CHECK((table_bytes(disk) == before));
  judge(disk, scratch.path());
  const auto image = cut_out(disk, labelled(disk.layout, "root"), scratch.path());
  const std::string seen = output_of({"debugfs", "-R", "stat /boot/efi", image.string()});
  CHECK_THAT(seen, Catch::Contains(fmt::format("mtime: 0x{:08x}", kBaseEpoch)) &&
                       Catch::Contains("Mode:  0700"));
}

TEST_CASE("an MBR disk that is there keeps its boot code") {
  const ScratchFolder scratch;
  const Disk base = make_base(
      disk_of(PartitionTableType::mbr, "0xdeadbeef",
              {with(partition("swap", PartitionType::swap, "82", "deadbeef-01", MiB(16)),
                    FilesystemType::swap, "22222222-0000-8000-8000-000000000005", "swap", ""),
               with(partition("esp", PartitionType::esp, "ef", "deadbeef-02", MiB(40)),
                    FilesystemType::vfat, "1234-ABCD", "ESP", "/boot/efi"),
               with(partition("root", PartitionType::root, "83", "deadbeef-03", MiB(100)),
                    FilesystemType::ext4, "22222222-0000-8000-8000-000000000002", "root", "/")}),
      scratch);
  const std::string boot_code(440, 'b');
  write_all_at(open_file(base.path, O_WRONLY).get(), boot_code, 0, "boot code");
  PlannedDisk layout = as_base(base.layout);
  layout.id = "0xcafe1234";
  for (PlannedPartition& partition : layout.partitions) {
    partition.label.clear();  // As a planner sees it, which knows the table alone.
    partition.uuid.replace(0, 8, "cafe1234");
    partition.filesystem->uuid[0] = '9';
  }
  layout.size += MiB(100);
  layout.partitions.back().size += MiB(50);
  Change change(layout, base, scratch);
  write(change.root() / "etc/new", "of the change");
  Disk disk = change.finish();
  expect_released(base, scratch);
  for (PlannedPartition& partition : disk.layout.partitions) {
    partition.label = fmt::format("{}", partition.number);  // For the names of files.
  }
  judge(disk, scratch.path());
  CHECK((read_file(disk.path).substr(0, 440) == boot_code));
  CHECK_THAT(output_of({"sfdisk", "--dump", disk.path.string()}),
             Catch::Contains("label-id: 0xcafe1234\n") && Catch::Contains("type=83, bootable\n"));
  CHECK(in_ext4(disk, "3", "/etc/old", scratch) == "of the base");
  CHECK(in_ext4(disk, "3", "/etc/new", scratch) == "of the change");
}

TEST_CASE("subvolumes of a base image are mounted where they belong, and none are made") {
  const ScratchFolder scratch;
  PlannedDisk layout = esp_and_root(FilesystemType::btrfs, MiB(320));
  PlannedFilesystem& filesystem = *layout.partitions.back().filesystem;
  filesystem.mount.clear();
  filesystem.subvolumes = {{"@", "/", {}}, {"@data", "/srv/data", {}}};
  const Disk base = make_base(layout, scratch);
  layout = as_base(base.layout);
  layout.size += MiB(100);
  layout.partitions.back().size += MiB(100);
  layout.partitions.back().filesystem->uuid[0] = '4';
  Change change(layout, base, scratch);
  CHECK(read_file(change.root() / "etc/old") == "of the base");
  CHECK(read_file(change.root() / "srv/data/old") == "data of the base");
  const Disk disk = change.finish();
  expect_released(base, scratch);
  judge(disk, scratch.path());
  CHECK(mounted_and_seen(disk, "root", "@data/old", scratch).size > MiB(400));
}

TEST_CASE("a partition of a base image that holds nothing known is left alone") {
  const ScratchFolder scratch;
  PlannedDisk layout = gpt_base(FilesystemType::ext4);
  const Disk base = make_base(layout, scratch);
  layout = as_base(base.layout);
  PlannedPartition& data = layout.partitions.back();
  data.filesystem.reset();
  data.base->filesystem_uuid.clear();
  const Disk disk = Change(layout, base, scratch).finish();
  CHECK(in_ext4(disk, "data", "/old", scratch) == "data of the base");
}
