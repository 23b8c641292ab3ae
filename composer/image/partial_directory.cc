#include "composer/image/partial_directory.h"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "composer/error.h"
#include "composer/host/plain_directory.h"
#include "composer/host/remove_tree.h"

namespace composer::image {
namespace {

/// Removes what a killed run left. The lock tells it from what another run is writing.
void remove_remnant(const std::filesystem::path& partial) {
  const FileDescriptor fd(::open(partial.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (fd && ::flock(fd.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    throw Error(ErrorKind::build, fmt::format("another run is writing '{}'", partial.string()),
                "wait until it is done, or choose another output directory");
  }
  if (fd) return host::remove_tree(partial);
  if (::unlink(partial.c_str()) != 0 && errno != ENOENT) {
    throw system_error(fmt::format("cannot remove '{}', left by an earlier run", partial.string()),
                       errno);
  }
}

}  // namespace

PartialDirectory::PartialDirectory(std::filesystem::path path)
    : path_(std::move(path)), partial_(path_.string() + ".partial") {
  remove_remnant(partial_);
  host::make_plain_directory(partial_, 0700);
  fd_ = open_file(partial_, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  ::flock(fd_.get(), LOCK_EX | LOCK_NB);  // Advice to other runs; not all filesystems have it.
}

PartialDirectory::~PartialDirectory() {
  if (committed_ || !fd_) return;
  try {
    host::remove_tree(partial_);
  } catch (const std::exception&) {
    // The error that brought us here is the one to report; the next run removes the rest.
  }
}

void PartialDirectory::sync() {
  if (::syncfs(fd_.get()) != 0) {
    throw system_error(fmt::format("cannot sync '{}'", partial_.string()), errno);
  }
}

void PartialDirectory::commit() {
  const std::string what =
      fmt::format("cannot rename '{}' to '{}'", partial_.string(), path_.string());
  if (::renameat2(AT_FDCWD, partial_.c_str(), AT_FDCWD, path_.c_str(), RENAME_NOREPLACE) != 0) {
    if (errno == EINVAL) return commit_plainly(what);
    if (errno != EEXIST) throw system_error(what, errno);
    // An earlier build's: the two change places, so that one of them is always there.
    if (::renameat2(AT_FDCWD, partial_.c_str(), AT_FDCWD, path_.c_str(), RENAME_EXCHANGE) != 0) {
      throw system_error(what, errno);
    }
    committed_ = true;
    host::remove_tree(partial_);
  }
  committed_ = true;
}

// NFS and others know no flags. For a moment neither is there under its name; the earlier one is
// not removed before the new one has it.
void PartialDirectory::commit_plainly(const std::string& what) {
  const std::string old = path_.string() + ".old.partial";
  const bool there = ::rename(path_.c_str(), old.c_str()) == 0;
  if (!there && errno != ENOENT) throw system_error(what, errno);
  if (::rename(partial_.c_str(), path_.c_str()) != 0) {
    const int cause = errno;
    if (there) ::rename(old.c_str(), path_.c_str());
    throw system_error(what, cause);
  }
  committed_ = true;
  if (there) host::remove_tree(old);
}

}  // namespace composer::image
