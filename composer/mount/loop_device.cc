#include "composer/mount/loop_device.h"

#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <thread>

#include "composer/error.h"

namespace composer::mount {
namespace {

using namespace std::chrono_literals;

/// Other builds and programs take free devices at the same time; each lost race is one attempt.
constexpr int kMostAttempts = 256;
/// How long somebody else (a udev rule, a dying process) may keep the device open.
constexpr auto kPatience = 5s;
constexpr unsigned kLoopMajor = 7;  // Documentation/admin-guide/devices.txt
constexpr std::uint64_t kSector = 512;

[[noreturn]] void no_loop_devices(std::string_view what, int cause) {
  throw Error(ErrorKind::host, system_error(what, cause).what(),
              "loop devices need root and the kernel's loop driver (modprobe loop)");
}

FileDescriptor open_device(int number, Access access) {
  const std::string path = fmt::format("/dev/loop{}", number);
  const int flags = (access == Access::read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC;
  FileDescriptor fd(::open(path.c_str(), flags));
  if (!fd && errno == ENOENT) {
    // A container's /dev does not learn of new devices by itself.
    if (::mknod(path.c_str(), S_IFBLK | 0660,
                ::makedev(kLoopMajor, static_cast<unsigned>(number))) == 0 ||
        errno == EEXIST) {
      fd = FileDescriptor(::open(path.c_str(), flags));
    }
  }
  return fd;
}

void check_range(int file, Bytes offset, Bytes size) {
  struct stat status {};
  if (::fstat(file, &status) != 0) throw system_error("cannot bind a file to a loop device", errno);
  const std::uint64_t length =
      S_ISREG(status.st_mode) ? static_cast<std::uint64_t>(status.st_size) : ~std::uint64_t{0};
  if (size.count == 0 || offset.count % kSector != 0 || size.count % kSector != 0 ||
      offset.count > length || size.count > length - offset.count) {
    throw Error(ErrorKind::build,
                fmt::format("cannot bind {} bytes at {} to a loop device: not whole sectors of a "
                            "file of {} bytes",
                            size.count, offset.count, length));
  }
}

bool same_binding(const loop_info64& a, const loop_info64& b) {
  return a.lo_device == b.lo_device && a.lo_inode == b.lo_inode && a.lo_offset == b.lo_offset &&
         a.lo_sizelimit == b.lo_sizelimit;
}

}  // namespace

LoopDevice::LoopDevice(int file, Bytes offset, Bytes size, Access access) : access_(access) {
  check_range(file, offset, size);
  const FileDescriptor control(::open("/dev/loop-control", O_RDWR | O_CLOEXEC));
  if (!control) no_loop_devices("cannot open '/dev/loop-control'", errno);

  loop_config config{};
  config.fd = static_cast<unsigned>(file);
  config.info.lo_offset = offset.count;
  config.info.lo_sizelimit = size.count;
  // No LO_FLAGS_DIRECT_IO: what is written now is read back by the export soon, from memory.
  config.info.lo_flags =
      LO_FLAGS_AUTOCLEAR | (access == Access::read_only ? LO_FLAGS_READ_ONLY : 0);
  for (int attempt = 0;; ++attempt) {
    const int number = ::ioctl(control.get(), LOOP_CTL_GET_FREE);
    if (number < 0) no_loop_devices("cannot find a free loop device", errno);
    fd_ = open_device(number, access);
    // ENXIO: taken by another since, and just let go of (drivers/block/loop.c, lo_open).
    if (!fd_ && errno != ENXIO) {
      no_loop_devices(fmt::format("cannot open '/dev/loop{}'", number), errno);
    }
    if (fd_ && ::ioctl(fd_.get(), LOOP_CONFIGURE, &config) == 0) {
      path_ = fmt::format("/dev/loop{}", number);
      break;
    }
    const int cause = errno;
    fd_.reset();
    if ((cause != EBUSY && cause != ENXIO) || attempt >= kMostAttempts) {
      throw system_error(fmt::format("cannot bind a file to '/dev/loop{}'", number), cause);
    }
    // The first losers go on at once; with many builds at once they step back from each other.
    if (attempt > 16) std::this_thread::sleep_for(1ms);
  }

  std::uint64_t length = 0;
  if (::ioctl(fd_.get(), BLKGETSIZE64, &length) != 0 || length != size.count) {
    throw Error(ErrorKind::build, fmt::format("'{}' has {} bytes where {} were bound",
                                              path_.string(), length, size.count));
  }
}

void LoopDevice::write_back() const {
  if (access_ == Access::read_write &&
      ::sync_file_range(
          fd_.get(), 0, 0,
          SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER) != 0) {
    throw system_error(fmt::format("cannot write back '{}'", path_.string()), errno);
  }
}

void LoopDevice::hide() const {
  // Who looks at it just now is done soon; what was seen is forgotten in any case.
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (::flock(fd_.get(), LOCK_EX | LOCK_NB) != 0 &&
         std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(1ms);
  }
}

void LoopDevice::show() const {
  if (::ioctl(fd_.get(), BLKFLSBUF, 0) != 0) {
    throw system_error(fmt::format("cannot read '{}' anew", path_.string()), errno);
  }
  ::flock(fd_.get(), LOCK_UN);
}

void LoopDevice::close() {
  if (!fd_) return;
  loop_info64 mine{};
  if (::ioctl(fd_.get(), LOOP_GET_STATUS64, &mine) != 0) {
    throw system_error(fmt::format("cannot look at '{}'", path_.string()), errno);
  }
  // The release of the last descriptor writes as well, but tells nobody when that fails.
  write_back();
  fd_.reset();

  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  for (auto pause = 100us;; pause = std::min<std::chrono::microseconds>(pause * 2, 50ms)) {
    {
      const FileDescriptor probe(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
      loop_info64 now{};
      // ENXIO: bound to nothing. Bound to something else: already another's.
      if (!probe || ::ioctl(probe.get(), LOOP_GET_STATUS64, &now) != 0 ||
          !same_binding(now, mine)) {
        return;
      }
    }
    if (std::chrono::steady_clock::now() > deadline) break;
    std::this_thread::sleep_for(pause);
  }
  throw Error(ErrorKind::build, fmt::format("'{}' is still in use", path_.string()),
              fmt::format("fuser -v {} names who holds it", path_.string()));
}

}  // namespace composer::mount
