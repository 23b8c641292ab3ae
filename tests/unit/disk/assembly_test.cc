#include "composer/disk/assembly.h"

#include <catch2/catch.hpp>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "composer/base/checksum.h"
#include "composer/base/file_descriptor.h"
#include "composer/disk/mount_order.h"
#include "composer/error.h"
#include "composer/mount/namespaces.h"

#include "tests/support/scratch_folder.h"
#include "tests/unit/disk/layouts.h"
#include "tests/unit/disk/observed_disk.h"

using namespace composer;
using namespace composer::disk;
using namespace composer::test;

namespace {

constexpr std::int64_t kEpoch = 1767225600;  // 2026-01-01

/// Something in every directory that is mounted.
void fill(const PlannedDisk& layout, const std::filesystem::path& root) {
  for (const PlannedMount& mount : in_mount_order(layout)) {
    write(root / mount.path.substr(1) / "folder" / "file of the test",
          "in " + mount.path + std::string(10000, 'x'));
  }
}

Disk assemble(const PlannedDisk& layout, const std::filesystem::path& work) {
  SilentProgress progress;
  const host::CommandRunner runner(progress);
  Assembly assembly(layout, work, kEpoch, runner, progress);
  fill(layout, assembly.root());
  return std::move(assembly).finish();
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
  CHECK_FALSE(still_bound(disk.path));
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

TEST_CASE("btrfs subvolumes are made, each mounted where it belongs, and files are compressed") {
  const test::ScratchFolder scratch;
  PlannedDisk layout = test::esp_and_root(FilesystemType::btrfs, MiB(320));
  PlannedFilesystem& filesystem = *layout.partitions.back().filesystem;
  filesystem.mount.clear();
  filesystem.compression = "zstd:3";
  filesystem.subvolumes = {{"@", "/", {}},
                           {"deep/inside/@home", "/home", {}},
                           {"@/var/log", "/var/log", {}},
                           {"snapshots", "", {}}};
  SilentProgress progress;
  const host::CommandRunner runner(progress);
  Assembly assembly(layout, scratch.path(), kEpoch, runner, progress);
  write(assembly.root() / "home/compressible", std::string(64 << 20, 'x'));
  write(assembly.root() / "var/log/journal", "log");
  write(assembly.root() / "etc/os-release", "root");
  const Disk disk = std::move(assembly).finish();
  CHECK_FALSE(still_bound(disk.path));
  CHECK_FALSE(mounted_below(scratch.path()));
  struct stat status {};
  REQUIRE(::stat(disk.path.c_str(), &status) == 0);
  CHECK(status.st_blocks * 512 < (32 << 20));

  const PlannedPartition& partition = disk.layout.partitions.back();
  const std::filesystem::path image = cut_out(disk, partition, scratch.path());
  output_of({"btrfs", "check", "--readonly", image.string()});
  const std::filesystem::path top = scratch.path() / "seen";
  std::filesystem::create_directory(top);
  output_of({"mount", "-o", "loop", image.string(), top.string()});
  const std::string listed = output_of({"btrfs", "subvolume", "list", "-o", top.string()}) +
                             output_of({"btrfs", "subvolume", "list", top.string()});
  for (const char* name :
       {"path @\n", "path @/var/log\n", "path deep/inside/@home\n", "path snapshots\n"}) {
    CHECK_THAT(listed, Catch::Contains(name));
  }
  CHECK(std::filesystem::file_size(top / "deep/inside/@home/compressible") == 64 << 20);
  CHECK(read_file(top / "@/var/log/journal") == "log");
  CHECK(read_file(top / "@/etc/os-release") == "root");
  for (const char* path : {"", "@", "deep", "deep/inside", "deep/inside/@home", "snapshots"}) {
    INFO(path);
    REQUIRE(::stat((top / path).c_str(), &status) == 0);
    CHECK((status.st_mode & 07777) == 0755);
  }
  REQUIRE(::stat((top / "snapshots").c_str(), &status) == 0);
  CHECK(status.st_mtim.tv_sec == kEpoch);
  output_of({"umount", top.string()});
}

TEST_CASE("mount points are made for everybody, and the ESP's is an empty directory of root's") {
  const test::ScratchFolder scratch;
  SilentProgress progress;
  const host::CommandRunner runner(progress);
  const mode_t before = ::umask(0077);
  Assembly assembly(test::everything(), scratch.path(), kEpoch, runner, progress);
  ::umask(before);
  struct stat status {};
  for (const char* path : {"", "boot", "boot/efi", "srv", "srv/data", "var", "home"}) {
    INFO(path);
    REQUIRE(::stat((assembly.root() / path).c_str(), &status) == 0);
    CHECK((status.st_mode & 07777) == 0755);
    CHECK(status.st_uid == 0);
  }
  write(assembly.root() / "boot/efi/EFI/BOOT/BOOTX64.EFI", "loader");
  write(assembly.root() / "boot/file", "not of the ESP");
  const Disk disk = std::move(assembly).finish();
  const std::filesystem::path boot = cut_out(disk, disk.layout.partitions[2], scratch.path());
  CHECK_THAT(output_of({"debugfs", "-R", "ls -p /", boot.string()}),
             Catch::Contains("/040700/0/0/efi//"));
  CHECK(output_of({"debugfs", "-R", "ls -p /efi", boot.string()}).find("EFI") == std::string::npos);
}

TEST_CASE("an ESP is the same bytes at another time of day") {
  const auto bytes = [](std::int64_t modified) {
    const test::ScratchFolder scratch;
    SilentProgress progress;
    const host::CommandRunner runner(progress);
    const PlannedDisk layout = test::esp_and_root(FilesystemType::ext4, MiB(16));
    Assembly assembly(layout, scratch.path(), kEpoch, runner, progress);
    const std::filesystem::path esp = assembly.root() / "boot/efi";
    write(esp / "EFI/BOOT/BOOTX64.EFI", std::string(100000, 'x'));
    write(esp / "EFI/azurelinux/grub.cfg", "set timeout=1\n");
    for (const char* path :
         {"EFI", "EFI/BOOT", "EFI/BOOT/BOOTX64.EFI", "EFI/azurelinux/grub.cfg"}) {
      const timespec times[2] = {{modified, 0}, {modified, 0}};
      REQUIRE(::utimensat(AT_FDCWD, (esp / path).c_str(), times, 0) == 0);
    }
    const Disk disk = std::move(assembly).finish();
    return read_file(disk.path).substr(MiB(1).count, MiB(40).count);
  };
  CHECK((bytes(kEpoch + 1000) == bytes(kEpoch + 86400 * 400)));
}

TEST_CASE("what was deleted is a hole, and zeros that nobody wrote stay one") {
  const test::ScratchFolder scratch;
  SilentProgress progress;
  const host::CommandRunner runner(progress);
  Assembly assembly(test::esp_and_root(FilesystemType::ext4, GiB(2)), scratch.path(), kEpoch,
                    runner, progress);
  write(assembly.root() / "large", std::string(MiB(100).count, 'x'));
  ::sync();
  std::filesystem::remove(assembly.root() / "large");
  const Disk disk = std::move(assembly).finish();
  struct stat status {};
  REQUIRE(::stat(disk.path.c_str(), &status) == 0);
  CHECK(status.st_blocks * 512 < 8 << 20);
}

TEST_CASE("the blueprint's own mkfs options are what the filesystem is made with") {
  const test::ScratchFolder scratch;
  PlannedDisk layout = test::esp_and_root(FilesystemType::ext4, MiB(64));
  layout.partitions[1].filesystem->mkfs_options = {"-O", "^64bit", "-E", "root_owner=7:8", "-m0"};
  const Disk disk = assemble(layout, scratch.path());
  const std::filesystem::path image = cut_out(disk, disk.layout.partitions[1], scratch.path());
  const std::string seen = output_of({"dumpe2fs", "-h", image.string()});
  CHECK_THAT(seen, !Catch::Contains(" 64bit ") && Catch::Contains(" extent ") &&
                       Catch::Contains(" has_journal ") &&
                       Catch::Contains("Reserved block count:     0\n"));

  layout = test::esp_and_root(FilesystemType::xfs, MiB(320));
  layout.partitions[1].filesystem->mkfs_options = {"-m", "reflink=0", "-b", "size=2048"};
  const Disk other = assemble(layout, scratch.path());
  const std::filesystem::path cut = cut_out(other, other.layout.partitions[1], scratch.path());
  CHECK_THAT(output_of({"xfs_db", "-r", "-c", "info", cut.string()}),
             Catch::Contains("reflink=0") && Catch::Contains("bsize=2048"));
}

TEST_CASE("a disk that is to be checked later is final: the check changes no byte, and lets go") {
  const test::ScratchFolder scratch;
  SilentProgress progress;
  const host::CommandRunner runner(progress);
  Assembly assembly(test::everything(), scratch.path(), kEpoch, runner, progress);
  fill(test::everything(), assembly.root());
  Disk disk = std::move(assembly).finish_unchecked();
  CHECK_FALSE(mounted_below(scratch.path()));
  const std::string before = sha256_file(disk.path);
  REQUIRE(disk.check);
  disk.check();
  CHECK_FALSE(still_bound(disk.path));
  disk.check = {};
  CHECK(sha256_file(disk.path) == before);
  judge(disk, scratch.path());
}

TEST_CASE("a disk that is never checked is not finished") {
  const test::ScratchFolder scratch;
  SilentProgress progress;
  const host::CommandRunner runner(progress);
  Assembly assembly(test::esp_and_root(FilesystemType::ext4, MiB(64)), scratch.path(), kEpoch,
                    runner, progress);
  CHECK(std::filesystem::exists(std::move(assembly).finish_unchecked().path));
  CHECK_FALSE(still_bound(scratch.path() / "disk.raw"));
  CHECK_FALSE(std::filesystem::exists(scratch.path() / "disk.raw"));
}

TEST_CASE("an assembly that is not finished leaves nothing") {
  const test::ScratchFolder scratch;
  {
    SilentProgress progress;
    const host::CommandRunner runner(progress);
    Assembly assembly(test::everything(), scratch.path(), kEpoch, runner, progress);
    fill(test::everything(), assembly.root());
    CHECK(bound(scratch.path() / "disk.raw"));
  }
  CHECK_FALSE(still_bound(scratch.path() / "disk.raw"));
  CHECK_FALSE(mounted_below(scratch.path()));
  CHECK_FALSE(std::filesystem::exists(scratch.path() / "disk.raw"));
}

TEST_CASE("an assembly whose process is killed leaves no mount and no loop device") {
  const test::ScratchFolder scratch;
  int ready[2];
  REQUIRE(::pipe(ready) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    // A mount namespace of its own, as the composer's process has; ours shares the test's.
    SilentProgress progress;
    const host::CommandRunner runner(progress);
    try {
      mount::enter_private_mounts();
      const PlannedDisk layout = test::everything();
      Assembly assembly(layout, scratch.path(), kEpoch, runner, progress);
      fill(layout, assembly.root());
      (void)!::write(ready[1], "1", 1);
      ::pause();
    } catch (const std::exception& error) {
      (void)!::write(ready[1], error.what(), std::strlen(error.what()));
    }
    ::_exit(1);
  }
  std::string done(500, '\0');
  const ssize_t n = ::read(ready[0], done.data(), done.size());
  REQUIRE(n > 0);
  done.resize(static_cast<std::size_t>(n));
  REQUIRE(done == "1");
  CHECK(bound(scratch.path() / "disk.raw"));
  REQUIRE(::kill(child, SIGKILL) == 0);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status));
  // The kernel takes the namespace down after the process is gone.
  CHECK_FALSE(still_bound(scratch.path() / "disk.raw"));
  CHECK_FALSE(mounted_below(scratch.path()));
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST_CASE("a full disk of the host is named, at the start and at the end") {
  const test::ScratchFolder scratch;
  const std::filesystem::path small = scratch.path() / "small";
  std::filesystem::create_directory(small);
  SilentProgress progress;
  const host::CommandRunner runner(progress);
  const auto with_room = [&](const char* size, auto&& body) {
    REQUIRE(::mount("none", small.c_str(), "tmpfs", 0, size) == 0);
    std::string text;
    try {
      body();
    } catch (const Error& error) {
      CHECK(error.kind() == ErrorKind::host);
      text = error.to_text();
    }
    CHECK_FALSE(still_bound(small / "disk.raw"));
    CHECK_FALSE(std::filesystem::exists(small / "disk.raw"));
    REQUIRE(::umount(small.c_str()) == 0);
    return text;
  };
  const std::string first = fmt::format(
      "error: the disk of this machine is full at '{}'\n"
      "  hint: make room there, or work in another place\n",
      small.string());
  CHECK_THAT(with_room("size=600k",
                       [&] {
                         Assembly assembly(test::everything(), small, kEpoch, runner, progress);
                         fill(test::everything(), assembly.root());
                         (void)std::move(assembly).finish();
                       }),
             Catch::StartsWith(first));
  CHECK_THAT(with_room("size=24m",
                       [&] {
                         Assembly assembly(test::esp_and_root(FilesystemType::ext4, MiB(200)),
                                           small, kEpoch, runner, progress);
                         write(assembly.root() / "large", std::string(MiB(64).count, 'x'));
                         (void)std::move(assembly).finish();
                       }),
             Catch::StartsWith(first) &&
                 Catch::Contains("cannot write the filesystem of partition 'root': "));
}

TEST_CASE("a hostile root cannot put another directory's files into the ESP") {
  const test::ScratchFolder scratch;
  SilentProgress progress;
  const host::CommandRunner runner(progress);
  Assembly assembly(test::esp_and_root(FilesystemType::ext4, MiB(64)), scratch.path(), kEpoch,
                    runner, progress);
  const std::filesystem::path root = assembly.root();
  write(root / "etc/shadow", "root:*::0:99999:7:::\n");
  const auto problem = [&] {
    try {
      (void)std::move(assembly).finish();
    } catch (const Error& error) {
      return error.to_text();
    }
    return std::string();
  };
  SECTION("by a link in place of the mount point") {
    std::filesystem::remove(root / "boot/efi");
    std::filesystem::create_symlink("../etc", root / "boot/efi");
    CHECK(problem() ==
          "error: the mount point '/boot/efi' is a symbolic link, or behind one\n"
          "  while filling the vfat filesystem of partition 'esp'\n");
  }
  SECTION("by a link in place of its parent, out of the root") {
    std::filesystem::remove_all(root / "boot");
    std::filesystem::create_directories(scratch.path() / "outside" / "efi");
    write(scratch.path() / "outside/efi/file", "the host's");
    std::filesystem::create_symlink(scratch.path() / "outside", root / "boot");
    CHECK(problem() ==
          "error: the mount point '/boot/efi' is a symbolic link, or behind one\n"
          "  while filling the vfat filesystem of partition 'esp'\n");
    CHECK(read_file(scratch.path() / "outside/efi/file") == "the host's");
  }
  SECTION("by a link in it") {
    std::filesystem::create_symlink("../../etc/shadow", root / "boot/efi/shadow");
    CHECK(problem() ==
          "error: '/boot/efi/shadow' cannot be in a vfat filesystem: it is a symbolic link\n"
          "  while filling the vfat filesystem of partition 'esp'\n");
  }
  CHECK_FALSE(still_bound(scratch.path() / "disk.raw"));
  CHECK_FALSE(mounted_below(scratch.path()));
}

TEST_CASE("files that do not fit the ESP are refused with what would help") {
  const test::ScratchFolder scratch;
  SilentProgress progress;
  const host::CommandRunner runner(progress);
  Assembly assembly(test::esp_and_root(FilesystemType::ext4, MiB(64)), scratch.path(), kEpoch,
                    runner, progress);
  write(assembly.root() / "boot/efi/large", std::string(MiB(41).count, 'x'));
  try {
    (void)std::move(assembly).finish();
    FAIL("it fitted");
  } catch (const Error& error) {
    CHECK(error.to_text() ==
          "error: the files in '/boot/efi' need 41.0 MiB, but the vfat filesystem of partition "
          "'esp' has room for 39.4 MiB\n"
          "  while filling the vfat filesystem of partition 'esp'\n"
          "  hint: make partition 'esp' larger\n");
  }
}

TEST_CASE("mkfs options that mkfs refuses say which partition and why") {
  const test::ScratchFolder scratch;
  SilentProgress progress;
  const host::CommandRunner runner(progress);
  PlannedDisk layout = test::esp_and_root(FilesystemType::ext4, MiB(64));
  layout.partitions[1].filesystem->mkfs_options = {"-b", "1000"};
  try {
    const Assembly assembly(layout, scratch.path(), kEpoch, runner, progress);
    FAIL("it was made");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::build);
    CHECK_THAT(error.to_text(),
               Catch::StartsWith("error: 'mke2fs' failed with status 1\n") &&
                   Catch::Contains("invalid block size - 1000") &&
                   Catch::EndsWith("while making the ext4 filesystem of partition 'root'\n"));
  }
  CHECK_FALSE(std::filesystem::exists(scratch.path() / "disk.raw"));
}

TEST_CASE("a filesystem that ends up other than planned is an error") {
  // mke2fs takes the last -U: the blueprint's own option wins over the plan's identity.
  const test::ScratchFolder scratch;
  SilentProgress progress;
  const host::CommandRunner runner(progress);
  PlannedDisk layout = test::esp_and_root(FilesystemType::ext4, MiB(64));
  layout.partitions[1].filesystem->mkfs_options = {"-U", "33333333-0000-8000-8000-000000000002"};
  Assembly assembly(layout, scratch.path(), kEpoch, runner, progress);
  try {
    (void)std::move(assembly).finish();
    FAIL("it was taken");
  } catch (const Error& error) {
    CHECK(error.to_text() ==
          "error: the filesystem of partition 'root' has the identity "
          "'33333333-0000-8000-8000-000000000002', not '22222222-0000-8000-8000-000000000002' as "
          "planned\n"
          "  while reading the disk back\n");
  }
}

namespace {

SetDownDisk kept_in(const std::filesystem::path& file) {
  return {[=](int to, const std::filesystem::path&) {
    output_of({"dd", "if=" + file.string(), fmt::format("of=/proc/{}/fd/{}", ::getpid(), to),
               "bs=1M", "conv=notrunc,sparse", "status=none"});
  }};
}

}  // namespace

TEST_CASE("a disk that was set down goes on, in place and as a copy") {
  const test::ScratchFolder scratch, other;
  SilentProgress progress;
  const host::CommandRunner runner(progress);
  const PlannedDisk layout = test::everything();
  const std::filesystem::path copy = other.path() / "kept.raw";
  {
    Assembly assembly(layout, scratch.path(), kEpoch, runner, progress);
    fill(layout, assembly.root());
    assembly.set_down([&](const std::filesystem::path& disk) {
      CHECK(output_of({"losetup", "--list", "--noheadings"}).find(disk.string()) !=
            std::string::npos);
      output_of({"cp", "--sparse=always", disk.string(), copy.string()});
    });
    write(assembly.root() / "later", "in place");
    judge(std::move(assembly).finish(), scratch.path());
  }
  const SetDownDisk kept = kept_in(copy);
  Assembly assembly(layout, kept, other.path(), kEpoch, runner, progress);
  CHECK_FALSE(std::filesystem::exists(assembly.root() / "later"));
  for (const PlannedMount& mount : in_mount_order(layout)) {
    CHECK(std::filesystem::exists(assembly.root() / mount.path.substr(1) / "folder" /
                                  "file of the test"));
  }
  write(assembly.root() / "later", "in the copy");
  judge(std::move(assembly).finish(), other.path());
}

TEST_CASE("a set-down disk that is given up is removed") {
  const test::ScratchFolder scratch;
  SilentProgress progress;
  const host::CommandRunner runner(progress);
  const PlannedDisk layout = test::esp_and_root(FilesystemType::ext4, MiB(64));
  const std::filesystem::path copy = scratch.path() / "copy";
  std::filesystem::create_directories(copy);
  {
    Assembly assembly(layout, scratch.path(), kEpoch, runner, progress);
    assembly.set_down(
        [&](const std::filesystem::path& disk) { std::filesystem::copy(disk, copy / "kept.raw"); });
  }
  const SetDownDisk kept = kept_in(copy / "kept.raw");
  { Assembly assembly(layout, kept, copy, kEpoch, runner, progress); }
  CHECK_FALSE(std::filesystem::exists(copy / "disk.raw"));
  // One that cannot be written ends as well without a trace.
  const SetDownDisk lost{
      [](int, const std::filesystem::path&) { throw Error(ErrorKind::build, "lost"); }};
  CHECK_THROWS(Assembly(layout, lost, copy, kEpoch, runner, progress));
  CHECK_FALSE(std::filesystem::exists(copy / "disk.raw"));
  CHECK(output_of({"losetup", "--list", "--noheadings"}).find(copy.string()) == std::string::npos);
}
