#include "composer/host/work_directory.h"

#include <cerrno>
#include <cstdlib>
#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <string>
#include <sys/file.h>
#include <unistd.h>
#include <vector>

#include "composer/error.h"
#include "composer/host/remove_tree.h"

namespace composer::host {
namespace {

constexpr std::string_view kPrefix = ".image-composer-work-";

std::vector<std::string> names_in(int directory) {
  std::vector<std::string> names;
  const int copy = ::fcntl(directory, F_DUPFD_CLOEXEC, 0);
  DIR* stream = copy < 0 ? nullptr : ::fdopendir(copy);
  if (!stream) {
    if (copy >= 0) ::close(copy);
    return names;
  }
  ::rewinddir(stream);
  while (const dirent* entry = ::readdir(stream)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  ::closedir(stream);
  return names;
}

bool lock(int fd, int operation) {
  int result = 0;
  do {
    result = ::flock(fd, operation);
  } while (result != 0 && errno == EINTR);
  return result == 0;
}

void remove_stale(const std::filesystem::path& base, int base_fd) {
  for (const std::string& name : names_in(base_fd)) {
    if (!name.starts_with(kPrefix)) continue;
    const FileDescriptor stale(
        ::openat(base_fd, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (stale && lock(stale.get(), LOCK_EX | LOCK_NB)) remove_tree(base / name);
  }
}

}  // namespace

void remove_stale_work(const std::filesystem::path& base) noexcept {
  try {
    if (!std::filesystem::is_directory(base)) return;
    const std::filesystem::path absolute = std::filesystem::canonical(base);
    const FileDescriptor base_fd = open_file(absolute, O_RDONLY | O_DIRECTORY);
    if (lock(base_fd.get(), LOCK_EX)) remove_stale(absolute, base_fd.get());
  } catch (const std::exception&) {
    // Another user's folder, say.
  }
}

WorkDirectory::WorkDirectory(const std::filesystem::path& base) {
  std::error_code error;
  std::filesystem::create_directories(base, error);
  if (error) {
    throw Error(ErrorKind::build,
                fmt::format("cannot make the folder '{}': {}", base.string(), error.message()));
  }
  const std::filesystem::path absolute = std::filesystem::canonical(base);
  // Held until the new folder has its own lock, so that no other build takes it for a stale one.
  const FileDescriptor base_fd = open_file(absolute, O_RDONLY | O_DIRECTORY);
  if (!lock(base_fd.get(), LOCK_EX)) {
    throw system_error(fmt::format("cannot lock '{}'", absolute.string()), errno);
  }
  remove_stale(absolute, base_fd.get());

  std::string made = (absolute / (std::string(kPrefix) + "XXXXXX")).string();
  if (!::mkdtemp(made.data())) {
    throw system_error(fmt::format("cannot make a work folder in '{}'", absolute.string()), errno);
  }
  path_ = made;
  lock_ = open_file(path_, O_RDONLY | O_DIRECTORY);
  if (!lock(lock_.get(), LOCK_EX | LOCK_NB)) {
    throw system_error(fmt::format("cannot lock '{}'", path_.string()), errno);
  }
}

WorkDirectory::~WorkDirectory() {
  try {
    remove_tree(path_);
  } catch (const Error&) {
    // The next build in the same folder tries again.
  }
}

}  // namespace composer::host
