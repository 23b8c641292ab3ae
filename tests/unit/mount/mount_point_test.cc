#include "composer/mount/mount_point.h"

#include <array>
#include <catch2/catch.hpp>
#include <csignal>
#include <fcntl.h>
#include <fmt/format.h>
#include <fstream>
#include <linux/loop.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "composer/base/file_descriptor.h"
#include "composer/error.h"
#include "composer/host/process.h"
#include "composer/mount/loop_device.h"

#include "tests/support/scratch_folder.h"

using namespace composer;
using namespace composer::mount;
using namespace std::chrono_literals;

namespace {

/// A sparse file of `size` with an ext4 filesystem from `offset` to its end.
std::filesystem::path ext4_file(const test::ScratchFolder& scratch, Bytes offset, Bytes size) {
  const std::filesystem::path path = scratch.path() / "disk.raw";
  const FileDescriptor fd = open_file(path, O_RDWR | O_CREAT);
  REQUIRE(::ftruncate(fd.get(), static_cast<off_t>(size.count)) == 0);
  SilentProgress progress;
  host::CommandRunner(progress).check(
      {{"mkfs.ext4", "-q", "-F", "-E", fmt::format("offset={}", offset.count), path.string(),
        fmt::format("{}k", (size.count - offset.count) / 1024)}});
  return path;
}

/// Whether any loop device is bound to `file`.
bool bound(const std::filesystem::path& file) {
  for (const auto& entry : std::filesystem::directory_iterator("/sys/block")) {
    std::ifstream stream(entry.path() / "loop" / "backing_file");
    std::string line;
    if (std::getline(stream, line) && line == file.string()) return true;
  }
  return false;
}

std::string host_mounts() {
  std::ifstream stream("/proc/1/mounts");
  return {std::istreambuf_iterator<char>(stream), {}};
}

}  // namespace

TEST_CASE("a loop device forgets what was seen of a file that is written beside it") {
  const test::ScratchFolder scratch;
  const FileDescriptor file = open_file(scratch.path() / "disk.raw", O_RDWR | O_CREAT);
  REQUIRE(::ftruncate(file.get(), 4096) == 0);
  const LoopDevice device(file.get(), {0}, {4096}, Access::read_write);
  CHECK(read_file(device.path()) == std::string(4096, '\0'));
  device.hide();
  const FileDescriptor other = open_file(device.path(), O_RDONLY);
  CHECK(::flock(other.get(), LOCK_SH | LOCK_NB) != 0);
  write_all_at(file.get(), std::string(4096, 'x'), 0, "disk.raw");
  device.show();
  CHECK(read_file(device.path()) == std::string(4096, 'x'));
  CHECK(::flock(other.get(), LOCK_SH | LOCK_NB) == 0);
}

TEST_CASE("a loop device shows just its range of the file") {
  const test::ScratchFolder scratch;
  const std::filesystem::path path = scratch.path() / "disk.raw";
  const FileDescriptor file = open_file(path, O_RDWR | O_CREAT);
  write_all(file.get(), std::string(1024, 'a') + std::string(1024, 'b') + std::string(1024, 'c'),
            "disk.raw");

  LoopDevice device(file.get(), {1024}, {1024}, Access::read_write);
  CHECK(read_file(device.path()) == std::string(1024, 'b'));
  write_all_at(device.fd(), std::string(512, 'x'), 512, "device");
  device.close();
  CHECK(read_file(path) == std::string(1024, 'a') + std::string(512, 'b') + std::string(512, 'x') +
                               std::string(1024, 'c'));
  CHECK_FALSE(bound(path));
}

TEST_CASE("a loop device cannot be made past the end of its file") {
  const test::ScratchFolder scratch;
  const FileDescriptor file = open_file(scratch.path() / "disk.raw", O_RDWR | O_CREAT);
  REQUIRE(::ftruncate(file.get(), 4096) == 0);
  CHECK_THROWS_WITH(LoopDevice(file.get(), {512}, {4096}, Access::read_write),
                    "cannot bind 4096 bytes at 512 to a loop device: not whole sectors of a file "
                    "of 4096 bytes");
  CHECK_THROWS_AS(LoopDevice(file.get(), {0}, {100}, Access::read_write), Error);
  CHECK_THROWS_AS(LoopDevice(file.get(), {~std::uint64_t{0} - 511}, {4096}, Access::read_write),
                  Error);
  CHECK_THROWS_AS(LoopDevice(file.get(), {0}, {0}, Access::read_write), Error);
}

TEST_CASE("a read-only loop device cannot be written") {
  const test::ScratchFolder scratch;
  const FileDescriptor file = open_file(scratch.path() / "disk.raw", O_RDWR | O_CREAT);
  REQUIRE(::ftruncate(file.get(), 4096) == 0);
  LoopDevice device(file.get(), {0}, {4096}, Access::read_only);
  // The kernel lets it be opened so, and refuses the write.
  const FileDescriptor fd = open_file(device.path(), O_RDWR);
  CHECK(::pwrite(fd.get(), "x", 1, 0) < 0);
  CHECK(errno == EPERM);
}

TEST_CASE("closing a loop device that somebody holds is an error") {
  const test::ScratchFolder scratch;
  const FileDescriptor file = open_file(scratch.path() / "disk.raw", O_RDWR | O_CREAT);
  REQUIRE(::ftruncate(file.get(), 4096) == 0);
  LoopDevice device(file.get(), {0}, {4096}, Access::read_write);
  const std::string path = device.path().string();
  const FileDescriptor holder = open_file(path, O_RDONLY);
  CHECK_THROWS_WITH(device.close(), fmt::format("'{}' is still in use", path));
}

TEST_CASE("many threads each get a loop device of their own") {
  const test::ScratchFolder scratch;
  const FileDescriptor file = open_file(scratch.path() / "disk.raw", O_RDWR | O_CREAT);
  constexpr std::uint64_t kThreads = 8, kRounds = 6;
  for (std::uint64_t i = 0; i < kThreads; ++i) {
    write_all(file.get(), std::string(512, static_cast<char>('a' + i)), "disk.raw");
  }
  std::array<std::string, kThreads> wrong;
  {
    std::vector<std::jthread> threads;
    for (std::uint64_t i = 0; i < kThreads; ++i) {
      threads.emplace_back([&, i] {
        for (std::uint64_t round = 0; round < kRounds; ++round) {
          try {
            LoopDevice device(file.get(), {i * 512}, {512}, Access::read_only);
            std::string seen(512, 0);
            if (::pread(device.fd(), seen.data(), 512, 0) != 512 ||
                seen != std::string(512, static_cast<char>('a' + i))) {
              wrong[i] = "read another's range";
            }
            device.close();
          } catch (const Error& error) {
            wrong[i] = error.what();
          }
        }
      });
    }
  }
  for (const std::string& message : wrong) CHECK(message.empty());
}

TEST_CASE("a filesystem is mounted, trimmed and let go") {
  const test::ScratchFolder scratch;
  const std::filesystem::path path = ext4_file(scratch, MiB(1), MiB(33));
  const std::filesystem::path root = scratch.path() / "root";
  std::filesystem::create_directory(root);
  const FileDescriptor file = open_file(path, O_RDWR);
  LoopDevice device(file.get(), MiB(1), MiB(32), Access::read_write);
  Mount mount(device.path(), {root}, "ext4", {"noatime", "nodev", "nosuid"});
  CHECK(mount.path() == root);
  {
    const FileDescriptor big = open_file(root / "big", O_WRONLY | O_CREAT);
    write_all(big.get(), std::string(8 << 20, 'x'), "big");
    REQUIRE(::syncfs(big.get()) == 0);
  }
  struct stat full {
  }, trimmed{};
  REQUIRE(::fstat(file.get(), &full) == 0);
  std::filesystem::remove(root / "big");
  {
    // Blocks are free on the disk only when the journal says so.
    const FileDescriptor top = open_file(root, O_RDONLY);
    REQUIRE(::syncfs(top.get()) == 0);
  }
  CHECK(mount.trim() >= MiB(8));
  REQUIRE(::fstat(file.get(), &trimmed) == 0);
  CHECK(trimmed.st_blocks * 512 < full.st_blocks * 512 - (7 << 20));
  mount.close();
  CHECK_FALSE(std::filesystem::exists(root / "lost+found"));
  device.close();
  CHECK_FALSE(bound(path));
}

TEST_CASE("a mount that is busy is not closed silently") {
  const test::ScratchFolder scratch;
  Mount mount("scratch", {scratch.path()}, "tmpfs", {"size=1m"});
  const FileDescriptor holder = open_file(scratch.path(), O_RDONLY | O_DIRECTORY);
  CHECK_THROWS_WITH(mount.close(), fmt::format("cannot unmount '{}': Device or resource busy",
                                               scratch.path().string()));
}

TEST_CASE("a link in a root cannot turn a mount on the host") {
  const test::ScratchFolder scratch;
  const std::filesystem::path root = scratch.path() / "root", outside = scratch.path() / "outside";
  std::filesystem::create_directories(root);
  std::filesystem::create_directories(outside);
  std::filesystem::create_symlink(outside, root / "absolute");
  std::filesystem::create_symlink("../outside", root / "relative");
  CHECK_THROWS_AS(Mount("x", {root, "/absolute"}, "tmpfs"), Error);
  CHECK_THROWS_AS(Mount("x", {root, "/relative"}, "tmpfs"), Error);
  CHECK_THROWS_AS(Mount("x", {root, "/../outside"}, "tmpfs"), Error);

  // The same names, where the root has them itself, are mounted there and nowhere else.
  std::filesystem::create_directories(root / outside.relative_path());
  Mount mount("x", {root, "/absolute"}, "tmpfs");
  std::ofstream(root / outside.relative_path() / "inside") << "x";
  CHECK_FALSE(std::filesystem::exists(outside / "inside"));
  mount.close();
  CHECK_FALSE(std::filesystem::exists(root / outside.relative_path() / "inside"));
}

TEST_CASE("the kernel's reason for refusing a mount is shown") {
  const test::ScratchFolder scratch;
  CHECK_THROWS_WITH(
      Mount("x", {scratch.path()}, "nosuchfs"),
      fmt::format("cannot mount nosuchfs 'x' on '{}': No such device", scratch.path().string()));
  try {
    const Mount mount("x", {scratch.path()}, "tmpfs", {"nosuchoption=1"});
    FAIL("mounted");
  } catch (const Error& error) {
    REQUIRE(error.problems().front().notes.size() == 1);
    CHECK(error.problems().front().notes[0] == "kernel: tmpfs: Unknown parameter 'nosuchoption'");
  }
}

TEST_CASE("a bind mount shows a directory, read-only when asked") {
  const test::ScratchFolder scratch;
  const std::filesystem::path from = scratch.path() / "from", to = scratch.path() / "to";
  std::filesystem::create_directories(from);
  std::filesystem::create_directories(to);
  std::ofstream(from / "file") << "x";
  Mount mount = Mount::bind(from, {to}, {"ro"});
  CHECK(read_file(to / "file") == "x");
  CHECK(::open((to / "new").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644) < 0);
  CHECK(errno == EROFS);
  mount.close();
  CHECK_FALSE(std::filesystem::exists(to / "file"));
}

TEST_CASE("SIGKILL leaves neither mount nor loop device") {
  const test::ScratchFolder scratch;
  const std::filesystem::path path = ext4_file(scratch, {0}, MiB(16));
  const std::filesystem::path root = scratch.path() / "root";
  std::filesystem::create_directory(root);
  std::array<int, 2> ready{};
  REQUIRE(::pipe2(ready.data(), O_CLOEXEC) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    try {
      // As a build does: a namespace of its own, then a device, then a mount.
      if (::unshare(CLONE_NEWNS) != 0) ::_exit(1);
      const FileDescriptor file = open_file(path, O_RDWR);
      const LoopDevice device(file.get(), {0}, MiB(16), Access::read_write);
      const Mount mount(device.path(), {root}, "ext4");
      std::ofstream(root / "file") << "x";
      write_all(ready[1], "r", "pipe");
      for (;;) ::pause();
    } catch (const std::exception&) {
    }
    ::_exit(1);
  }
  ::close(ready[1]);
  char byte = 0;
  REQUIRE(::read(ready[0], &byte, 1) == 1);
  CHECK(bound(path));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ::close(ready[0]);
  // The kernel tears the namespace down in its own time, which it does not announce.
  for (int i = 0; i < 200 && bound(path); ++i) std::this_thread::sleep_for(10ms);
  CHECK_FALSE(bound(path));
  CHECK(host_mounts().find(scratch.path().string()) == std::string::npos);
}
