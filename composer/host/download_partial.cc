#include "composer/host/download_partial.h"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "composer/error.h"

namespace composer::host {
namespace {

/// True while `path` still names the file behind `fd`: another process may have finished and
/// renamed it between our open and our lock.
bool is_still(const std::filesystem::path& path, int fd) {
  struct stat named {
  }, opened{};
  return ::lstat(path.c_str(), &named) == 0 && ::fstat(fd, &opened) == 0 &&
         named.st_dev == opened.st_dev && named.st_ino == opened.st_ino && S_ISREG(opened.st_mode);
}

}  // namespace

PartialFile::PartialFile(const std::filesystem::path& destination,
                         const std::optional<Checksum>& checksum)
    : destination_(destination) {
  if (checksum) algorithm_ = checksum->algorithm;
  hasher_ = std::make_unique<Hasher>(algorithm_);
  if (destination.empty()) return;
  make_parent(destination);
  if (!checksum || !open_shared(destination.string() + ".partial")) {
    std::string name = destination.string() + ".XXXXXX";
    fd_ = FileDescriptor(::mkostemp(name.data(), O_CLOEXEC));
    if (!fd_) {
      throw Error(ErrorKind::host,
                  fmt::format("cannot make a file beside '{}': {}", destination.string(),
                              std::error_code(errno, std::generic_category()).message()));
    }
    path_ = name;
  }
  hash_existing();
}

PartialFile::~PartialFile() {
  if (!path_.empty() && (!keep_ || size_ == 0)) ::unlink(path_.c_str());
}

bool PartialFile::open_shared(const std::filesystem::path& path) {
  for (int attempt = 0; attempt < 3; ++attempt) {
    FileDescriptor fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644));
    if (!fd || ::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) return false;
    if (!is_still(path, fd.get())) continue;
    fd_ = std::move(fd);
    path_ = path;
    keep_ = true;
    return true;
  }
  return false;
}

void PartialFile::hash_existing() {
  std::string buffer(std::size_t{1} << 18, '\0');
  for (;;) {
    const ssize_t n = ::read(fd_.get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw system_error(fmt::format("cannot read '{}'", path_.string()), errno);
    if (n == 0) return;
    hasher_->update(std::string_view(buffer).substr(0, static_cast<std::size_t>(n)));
    size_ += static_cast<std::uint64_t>(n);
  }
}

void PartialFile::restart() {
  content_.clear();
  if (fd_ && (::ftruncate(fd_.get(), 0) != 0 || ::lseek(fd_.get(), 0, SEEK_SET) != 0)) {
    throw system_error(fmt::format("cannot write '{}'", path_.string()), errno);
  }
  size_ = 0;
  hasher_ = std::make_unique<Hasher>(algorithm_);
}

void PartialFile::append(std::string_view bytes) {
  if (fd_) {
    write_all(fd_.get(), bytes, path_.string());
  } else {
    content_ += bytes;
  }
  hasher_->update(bytes);
  size_ += bytes.size();
}

std::string PartialFile::finish_hex() {
  return hasher_->finish_hex();
}

void PartialFile::commit() {
  if (!fd_) return;
  if (::fchmod(fd_.get(), 0644) != 0 || ::rename(path_.c_str(), destination_.c_str()) != 0) {
    throw system_error(fmt::format("cannot write '{}'", destination_.string()), errno);
  }
  path_.clear();
}

}  // namespace composer::host
