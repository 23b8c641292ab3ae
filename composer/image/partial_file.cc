#include "composer/image/partial_file.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "composer/error.h"

namespace composer::image {
namespace {

/// Removes what a killed run left. The lock tells it from what another run is writing.
void remove_remnant(const std::filesystem::path& partial) {
  const FileDescriptor fd(::open(partial.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (fd && ::flock(fd.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    throw Error(ErrorKind::build, fmt::format("another run is writing '{}'", partial.string()),
                "wait until it is done, or choose another output directory");
  }
  if (::unlink(partial.c_str()) != 0 && errno != ENOENT) {
    throw system_error(fmt::format("cannot remove '{}', left by an earlier run", partial.string()),
                       errno);
  }
}

struct stat status_of(int fd, std::string_view name) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) {
    throw system_error(fmt::format("cannot examine '{}'", name), errno);
  }
  return status;
}

}  // namespace

PartialFile::PartialFile(std::filesystem::path path)
    : path_(std::move(path)), partial_(path_.string() + ".partial") {
  remove_remnant(partial_);
  fd_ = open_file(partial_, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0644);
  ::flock(fd_.get(), LOCK_EX | LOCK_NB);  // Advice to other runs; not all filesystems have it.
}

PartialFile::PartialFile(FileDescriptor fd, std::filesystem::path path)
    : path_(std::move(path)), partial_(path_), fd_(std::move(fd)), committed_(true) {}

PartialFile::~PartialFile() {
  if (committed_ || !fd_) return;
  if (taken_) {
    give_back();
  } else {
    ::unlink(partial_.c_str());
  }
}

std::uint64_t PartialFile::size() const {
  return static_cast<std::uint64_t>(status_of(fd_.get(), name()).st_size);
}

void PartialFile::fail(std::string_view action, int errno_value) const {
  const std::string what = fmt::format("cannot {} '{}'", action, path_.string());
  if (errno_value != ENOSPC && errno_value != EDQUOT) throw system_error(what, errno_value);
  // What this file could have had: what is left and what it already took.
  struct statvfs space {};
  struct stat status {};
  Bytes available;
  if (::fstatvfs(fd_.get(), &space) == 0) available.count = space.f_bavail * space.f_frsize;
  if (::fstat(fd_.get(), &status) == 0) {
    available.count += static_cast<std::uint64_t>(status.st_blocks) * 512;
  }
  throw Error(ErrorKind::build,
              fmt::format("{}: {}: up to {} needed, {} available", what, std::strerror(errno_value),
                          to_text(needed_), to_text(available)),
              fmt::format("make room in '{}', or choose another output directory",
                          path_.parent_path().string()));
}

void PartialFile::write_at(std::string_view bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail("write", errno);
    bytes.remove_prefix(static_cast<std::size_t>(n));
    offset += static_cast<std::uint64_t>(n);
  }
}

void PartialFile::begin_writeback(std::uint64_t offset, std::uint64_t length) const noexcept {
  ::sync_file_range(fd_.get(), static_cast<off_t>(offset), static_cast<off_t>(length),
                    SYNC_FILE_RANGE_WRITE);
}

void PartialFile::resize(std::uint64_t size) {
  if (::ftruncate(fd_.get(), static_cast<off_t>(size)) != 0) fail("resize", errno);
}

bool PartialFile::take(const std::filesystem::path& raw) {
  FileDescriptor fd(::open(raw.c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) {
    if (errno == ELOOP) return false;  // A link: what it leads to is not ours to move.
    throw system_error(fmt::format("cannot open '{}'", raw.string()), errno);
  }
  const struct stat status = status_of(fd.get(), raw.string());
  const struct stat placeholder = status_of(fd_.get(), name());
  if (!S_ISREG(status.st_mode) || status.st_nlink != 1) return false;
  if (status.st_dev != placeholder.st_dev) return false;
  ::flock(fd.get(), LOCK_EX | LOCK_NB);
  if (::rename(raw.c_str(), partial_.c_str()) != 0) {
    // EXDEV with one device number: two bind mounts of one filesystem.
    if (errno == EXDEV) return false;
    throw system_error(fmt::format("cannot rename '{}' to '{}'", raw.string(), partial_.string()),
                       errno);
  }
  fd_ = std::move(fd);
  taken_ = Taken{raw, static_cast<std::uint64_t>(status.st_size), status.st_mode & 07777U};
  // The permissions of a new file, not those of a work file.
  if (::fchmod(fd_.get(), placeholder.st_mode & 07777) != 0) fail("change the mode of", errno);
  return true;
}

void PartialFile::give_back() noexcept {
  // As well as it can be done; the error that brought us here is the one to report.
  [[maybe_unused]] const int truncated = ::ftruncate(fd_.get(), static_cast<off_t>(taken_->size));
  [[maybe_unused]] const int changed = ::fchmod(fd_.get(), taken_->mode);
  ::rename(partial_.c_str(), taken_->from.c_str());
}

void PartialFile::sync() {
  while (::fsync(fd_.get()) != 0) {
    if (errno != EINTR) fail("sync", errno);
  }
}

void PartialFile::commit() {
  struct stat named {};
  const struct stat ours = status_of(fd_.get(), name());
  if (::lstat(partial_.c_str(), &named) != 0 || named.st_ino != ours.st_ino ||
      named.st_dev != ours.st_dev) {
    throw Error(ErrorKind::build,
                fmt::format("cannot finish '{}': something else replaced or removed '{}'",
                            path_.string(), partial_.string()));
  }
  if (::rename(partial_.c_str(), path_.c_str()) != 0) {
    throw system_error(fmt::format("cannot rename '{}' to '{}'", partial_.string(), path_.string()),
                       errno);
  }
  committed_ = true;
}

void sync_directory(const std::filesystem::path& directory) {
  const FileDescriptor fd = open_file(directory, O_RDONLY | O_DIRECTORY);
  if (::fsync(fd.get()) != 0 && errno != EINVAL) {
    throw system_error(fmt::format("cannot sync '{}'", directory.string()), errno);
  }
}

}  // namespace composer::image
