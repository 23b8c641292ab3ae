#include "composer/disk/assembly.h"

#include <catch2/catch.hpp>
#include <csignal>
#include <fcntl.h>
#include <fmt/format.h>
#include <fstream>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "composer/base/file_descriptor.h"
#include "composer/disk/mount_order.h"
#include "composer/error.h"

#include "tests/support/scratch_folder.h"
#include "tests/unit/disk/layouts.h"

using namespace composer;
using namespace composer::disk;

namespace {

constexpr std::int64_t kEpoch = 1767225600;  // 2026-01-01

host::CommandOutput run(std::vector<std::string> arguments) {
  SilentProgress progress;
  return host::CommandRunner(progress).run({.arguments = std::move(arguments)});
}

std::string output_of(std::vector<std::string> arguments) {
  const host::CommandOutput output = run(std::move(arguments));
  INFO(output.standard_output << output.standard_error);
  CHECK(output.status == 0);
  return output.standard_output;
}

void write(const std::filesystem::path& path, std::string_view content) {
  std::filesystem::create_directories(path.parent_path());
  const FileDescriptor fd = open_file(path, O_WRONLY | O_CREAT | O_TRUNC);
  write_all(fd.get(), content, path.string());
}

/// Something in every directory that is mounted.
void fill(const PlannedDisk& layout, const std::filesystem::path& root) {
  for (const PlannedPartition* partition : in_mount_order(layout)) {
    const std::string mount = partition->filesystem->mount;
    write(root / mount.substr(1) / "folder" / "file of the test",
          "in " + mount + std::string(10000, 'x'));
  }
}

/// Whether any loop device is bound to `file`, and whether anything below `folder` is mounted.
bool bound(const std::filesystem::path& file) {
  for (const auto& entry : std::filesystem::directory_iterator("/sys/block")) {
    std::ifstream stream(entry.path() / "loop" / "backing_file");
    std::string line;
    if (std::getline(stream, line) && line.starts_with(file.string())) return true;
  }
  return false;
}
bool mounted_below(const std::filesystem::path& folder) {
  return read_file("/proc/self/mounts").find(" " + folder.string()) != std::string::npos ||
         read_file("/proc/1/mounts").find(" " + folder.string()) != std::string::npos;
}

Disk assemble(const PlannedDisk& layout, const std::filesystem::path& work) {
  SilentProgress progress;
  const host::CommandRunner runner(progress);
  Assembly assembly(layout, work, kEpoch, runner, progress);
  fill(layout, assembly.root());
  return std::move(assembly).finish();
}

/// The bytes of one partition as a file of its own, for tools that know no offsets.
std::filesystem::path cut_out(const Disk& disk, const PlannedPartition& partition,
                              const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / (partition.label + ".img");
  output_of({"dd", "if=" + disk.path.string(), "of=" + path.string(), "bs=1M", "conv=sparse",
             fmt::format("skip={}", partition.start.count >> 20),
             fmt::format("count={}", partition.size.count >> 20)});
  return path;
}

void judge(const Disk& disk, const std::filesystem::path& folder) {
  CHECK(output_of({"sfdisk", "--verify", disk.path.string()}).find("No errors detected") !=
        std::string::npos);
  if (disk.layout.table == PartitionTableType::gpt) {
    CHECK(output_of({"sgdisk", "-v", disk.path.string()}).find("No problems found") !=
          std::string::npos);
  }
  for (const PlannedPartition& partition : disk.layout.partitions) {
    if (!partition.filesystem) continue;
    INFO(partition.label);
    const PlannedFilesystem& filesystem = *partition.filesystem;
    const std::filesystem::path image = cut_out(disk, partition, folder);
    const std::string seen = output_of({"blkid", "-p", "-o", "export", image.string()});
    CHECK(seen.find("\nUUID=" + filesystem.uuid + "\n") != std::string::npos);
    CHECK(seen.find("LABEL=" + filesystem.label + "\n") != std::string::npos);
    const std::string within = filesystem.mount + std::string(10000, 'x');
    switch (filesystem.type) {
      case FilesystemType::ext4:
        output_of({"e2fsck", "-fn", image.string()});
        CHECK(output_of({"debugfs", "-R", "cat \"/folder/file of the test\"", image.string()}) ==
              "in " + within);
        CHECK(output_of({"dumpe2fs", "-h", image.string()})
                  .find("Last mounted on:          " + filesystem.mount + "\n") !=
              std::string::npos);
        break;
      case FilesystemType::xfs:
        output_of({"xfs_repair", "-n", image.string()});
        break;
      case FilesystemType::btrfs:
        output_of({"btrfs", "check", "--readonly", image.string()});
        break;
      case FilesystemType::vfat:
        output_of({"fsck.fat", "-n", image.string()});
        CHECK(output_of({"mtype", "-i", image.string(), "::/folder/file of the test"}) ==
              "in " + within);
        break;
      case FilesystemType::swap:
        break;
    }
  }
}

}  // namespace

TEST_CASE("every filesystem on a GPT disk is made, filled, and sound to other tools") {
  const test::ScratchFolder scratch;
  const Disk disk = assemble(test::everything(), scratch.path());
  CHECK(disk.path == scratch.path() / "disk.raw");
  CHECK(std::filesystem::file_size(disk.path) == disk.layout.size.count);
  CHECK_FALSE(bound(disk.path));
  CHECK_FALSE(mounted_below(scratch.path()));
  CHECK(std::filesystem::is_empty(scratch.path() / "root"));
  judge(disk, scratch.path());
}

TEST_CASE("an MBR disk is made, filled, and sound to other tools") {
  const test::ScratchFolder scratch;
  const Disk disk = assemble(test::mbr(), scratch.path());
  judge(disk, scratch.path());
  const std::string dump = output_of({"sfdisk", "--dump", disk.path.string()});
  CHECK(dump.find("label-id: 0xdeadbeef\n") != std::string::npos);
  CHECK(dump.find("start=        2048, size=       65536, type=ea, bootable\n") !=
        std::string::npos);
}

TEST_CASE("xfs and btrfs can be the root") {
  const test::ScratchFolder scratch;
  for (const FilesystemType type : {FilesystemType::xfs, FilesystemType::btrfs}) {
    const Disk disk = assemble(test::esp_and_root(type, MiB(320)), scratch.path());
    judge(disk, scratch.path());
  }
}
