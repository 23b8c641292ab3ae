#include "composer/host/remove_tree.h"

#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <memory>
#include <optional>
#include <string>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include "composer/base/file_descriptor.h"
#include "composer/error.h"

namespace composer::host {
namespace {

/// What lies deeper is moved up to the top first, so that a tree of any depth needs no more
/// descriptors than this.
constexpr int kMostDepth = 200;
constexpr std::size_t kBatch = 4096;

using Listing = std::unique_ptr<DIR, int (*)(DIR*)>;

class Removal {
 public:
  explicit Removal(int top) : top_(top) {}

  /// Removes what is in `directory`.
  void empty(int directory, const std::string& shown, int depth) {
    const Listing listing(::fdopendir(::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)),
                          ::closedir);
    if (!listing) return fail(shown, errno);
    // Names are read in batches and from the beginning again: what readdir gives while its
    // directory changes is not defined well enough to go on from.
    for (bool progress = true; progress;) {
      progress = false;
      ::rewinddir(listing.get());
      std::vector<std::string> names;
      while (const dirent* entry =
                 names.size() < kBatch + failed_here_ ? ::readdir(listing.get()) : nullptr) {
        const std::string_view name = entry->d_name;
        if (name != "." && name != "..") names.emplace_back(name);
      }
      for (const std::string& name : names) progress |= remove(directory, name, shown, depth);
    }
  }

  const std::optional<Error>& error() const { return error_; }

 private:
  /// Whether it is gone.
  bool remove(int directory, const std::string& name, const std::string& shown, int depth) {
    const std::string path = fmt::format("{}/{}", shown, name);
    if (::unlinkat(directory, name.c_str(), 0) == 0) return true;
    if (errno != EISDIR) return fail(path, errno), false;
    if (::unlinkat(directory, name.c_str(), AT_REMOVEDIR) == 0) return true;
    if (errno != ENOTEMPTY) return fail(path, errno), false;
    if (depth >= kMostDepth) {
      // EXDEV, EBUSY: something is mounted there.
      const std::string hoisted = fmt::format(".deep-{}", hoisted_++);
      if (::renameat(directory, name.c_str(), top_, hoisted.c_str()) == 0) return true;
      return fail(path, errno), false;
    }
    open_how how{};
    how.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS;
    const FileDescriptor inner(
        static_cast<int>(::syscall(SYS_openat2, directory, name.c_str(), &how, sizeof how)));
    if (!inner) return fail(path, errno), false;
    const std::size_t failed_before = std::exchange(failed_here_, 0);
    empty(inner.get(), path, depth + 1);
    failed_here_ = failed_before;
    if (::unlinkat(directory, name.c_str(), AT_REMOVEDIR) == 0) return true;
    return fail(path, errno), false;
  }

  void fail(const std::string& path, int cause) {
    ++failed_here_;
    if (error_) return;
    error_ = cause == EXDEV || cause == EBUSY
                 ? Error(ErrorKind::build,
                         fmt::format("cannot remove '{}': something is mounted there", path))
                 : system_error(fmt::format("cannot remove '{}'", path), cause);
  }

  int top_;
  int hoisted_ = 0;
  std::size_t failed_here_ = 0;  ///< Names of the present directory that stay.
  std::optional<Error> error_;
};

}  // namespace

void remove_tree(const std::filesystem::path& directory) {
  const FileDescriptor top(
      ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!top && errno == ENOENT) return;
  if (!top) throw system_error(fmt::format("cannot remove '{}'", directory.string()), errno);
  Removal removal(top.get());
  removal.empty(top.get(), directory.string(), 0);
  if (removal.error()) throw *removal.error();
  if (::rmdir(directory.c_str()) != 0 && errno != ENOENT) {
    const int cause = errno;
    if (cause != EBUSY) {
      throw system_error(fmt::format("cannot remove '{}'", directory.string()), cause);
    }
    throw Error(ErrorKind::build,
                fmt::format("cannot remove '{}': something is mounted there", directory.string()));
  }
}

}  // namespace composer::host
