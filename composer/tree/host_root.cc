#include "composer/tree/host_root.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <limits>
#include <memory>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "composer/base/trace.h"
#include "composer/error.h"
#include "composer/mount/namespaces.h"
#include "composer/mount/open_in_root.h"

namespace composer::tree {
namespace {

using mount::open_in_root;

constexpr std::size_t kMostContent = std::size_t{256} << 20;
constexpr std::size_t kMostNames = 1'000'000;
/// What is being written has this name in its directory until it is whole.
constexpr const char* kTemporary = ".image-composer.new";

[[noreturn]] void refuse(std::string_view what, std::string_view path, int cause) {
  throw system_error(fmt::format("cannot {} '{}' in the root", what, path), cause);
}

/// The folder of `path`, open, and the last component, which is not followed.
struct Place {
  FileDescriptor folder;
  std::string name;
};

Place place_of(int root, std::string_view path, std::string_view what) {
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  const auto slash = path.rfind('/');
  const std::string_view folder = slash == std::string_view::npos ? "/" : path.substr(0, slash + 1);
  const std::string name(slash == std::string_view::npos ? path : path.substr(slash + 1));
  if (name.empty() || name == "." || name == "..") refuse(what, path, EINVAL);
  auto fd = open_in_root(root, folder, O_PATH | O_DIRECTORY);
  if (!fd) refuse(what, path, ENOENT);
  return {std::move(*fd), name};
}

FileKind to_kind(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFREG:
      return FileKind::regular;
    case S_IFDIR:
      return FileKind::directory;
    case S_IFLNK:
      return FileKind::symlink;
    case S_IFCHR:
      return FileKind::character_device;
    case S_IFBLK:
      return FileKind::block_device;
    case S_IFIFO:
      return FileKind::fifo;
    case S_IFSOCK:
      return FileKind::socket;
    default:
      return FileKind::other;
  }
}

FileStatus to_status(const struct stat& status) {
  return {to_kind(status.st_mode),
          status.st_mode & 07777U,
          status.st_uid,
          status.st_gid,
          static_cast<std::uint64_t>(status.st_size),
          major(status.st_rdev),
          minor(status.st_rdev)};
}

std::optional<FileStatus> status_at(int root, std::string_view path, int flags) {
  const auto fd = open_in_root(root, path, O_PATH | flags);
  if (!fd) return std::nullopt;
  struct stat status {};
  if (::fstat(fd->get(), &status) != 0) refuse("look at", path, errno);
  return to_status(status);
}

std::string in_proc(int fd) {
  return fmt::format("/proc/self/fd/{}", fd);
}

/// Owner first: changing it takes set-user-ID bits away.
void give_attributes(int fd, FileAttributes attributes, std::string_view path) {
  if (::fchown(fd, attributes.uid, attributes.gid) != 0) refuse("change the owner of", path, errno);
  if (::fchmod(fd, attributes.mode & 07777U) != 0) refuse("change the mode of", path, errno);
}

/// Moves the finished temporary file to its name, or takes it away again.
void put_in_place(const Place& place, std::string_view what, std::string_view path) {
  if (::renameat(place.folder.get(), kTemporary, place.folder.get(), place.name.c_str()) == 0) {
    return;
  }
  const int cause = errno;
  ::unlinkat(place.folder.get(), kTemporary, 0);
  refuse(what, path, cause);
}

}  // namespace

HostRoot::HostRoot(const std::filesystem::path& directory)
    : directory_(std::filesystem::absolute(directory)),
      fd_(open_file(directory_, O_RDONLY | O_DIRECTORY)) {
  open_in_root(fd_.get(), "/", O_PATH);  // Says what is missing before anything is changed.
}

std::optional<FileStatus> HostRoot::status(std::string_view path) const {
  return status_at(fd_.get(), path, 0);
}

std::optional<FileStatus> HostRoot::link_status(std::string_view path) const {
  return status_at(fd_.get(), path, O_NOFOLLOW);
}

std::optional<std::string> HostRoot::read(std::string_view path) const {
  const auto too_large = [&] {
    throw Error(ErrorKind::build,
                fmt::format("cannot read '{}' in the root: it is larger than 256 MiB", path));
  };
  const auto found = status(path);
  if (found && found->kind == FileKind::regular && found->size > kMostContent) too_large();
  auto content = read_at(path, 0, kMostContent + 1);
  if (content && content->size() > kMostContent) too_large();
  return content;
}

std::optional<std::string> HostRoot::read_at(std::string_view path, std::uint64_t offset,
                                             std::size_t most) const {
  // Looked at before it is opened to read: opening a fifo waits, opening a device may act.
  const auto found = open_in_root(fd_.get(), path, O_PATH);
  if (!found) return std::nullopt;
  struct stat status {};
  if (::fstat(found->get(), &status) != 0) refuse("look at", path, errno);
  if (!S_ISREG(status.st_mode)) {
    throw Error(ErrorKind::build,
                fmt::format("cannot read '{}' in the root: it is not a regular file", path));
  }
  std::string content;
  if (offset > static_cast<std::uint64_t>(std::numeric_limits<off_t>::max()) - most) return content;
  const FileDescriptor fd(::open(in_proc(found->get()).c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) refuse("open", path, errno);
  // What the file is said to hold; it may change meanwhile, and lie.
  const std::uint64_t expected =
      static_cast<std::uint64_t>(status.st_size) > offset
          ? std::min<std::uint64_t>(static_cast<std::uint64_t>(status.st_size) - offset, most)
          : 0;
  content.reserve(expected);
  std::string buffer(std::clamp<std::uint64_t>(expected + 1, 1 << 12, 1 << 16), '\0');
  while (content.size() < most) {
    const ssize_t n =
        ::pread(fd.get(), buffer.data(), std::min(buffer.size(), most - content.size()),
                static_cast<off_t>(offset + content.size()));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) refuse("read", path, errno);
    if (n == 0) break;
    content.append(buffer, 0, static_cast<std::size_t>(n));
  }
  return content;
}

std::vector<std::string> HostRoot::list(std::string_view path) const {
  std::vector<std::string> names;
  const auto fd = open_in_root(fd_.get(), path, O_RDONLY | O_DIRECTORY);
  if (!fd) return names;
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(
      ::fdopendir(::fcntl(fd->get(), F_DUPFD_CLOEXEC, 3)), ::closedir);
  if (!entries) refuse("list", path, errno);
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(entries.get());
    if (!entry && errno != 0) refuse("list", path, errno);
    if (!entry) break;
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    if (names.size() >= kMostNames) refuse("list", path, E2BIG);
    names.emplace_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::optional<std::string> HostRoot::read_link(std::string_view path) const {
  const auto fd = open_in_root(fd_.get(), path, O_PATH | O_NOFOLLOW);
  if (!fd) return std::nullopt;
  std::array<char, PATH_MAX + 1> target{};
  const ssize_t n = ::readlinkat(fd->get(), "", target.data(), target.size());
  if (n >= 0) return std::string(target.data(), static_cast<std::size_t>(n));
  // What is there is not a link.
  if (errno == EINVAL || errno == ENOENT) return std::nullopt;
  refuse("read the link", path, errno);
}

void HostRoot::write(std::string_view path, std::string_view content, FileAttributes attributes) {
  const Place place = place_of(fd_.get(), path, "write");
  ::unlinkat(place.folder.get(), kTemporary, 0);  // Of a build that was killed here.
  const FileDescriptor fd(::openat(place.folder.get(), kTemporary,
                                   O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd) refuse("write", path, errno);
  try {
    write_all(fd.get(), content, path);
    give_attributes(fd.get(), attributes, path);
  } catch (...) {
    ::unlinkat(place.folder.get(), kTemporary, 0);
    throw;
  }
  put_in_place(place, "write", path);
}

void HostRoot::make_directories(std::string_view path, FileAttributes attributes) {
  for (std::size_t end = 1; end <= path.size(); ++end) {
    if (end < path.size() && path[end] != '/') continue;
    const std::string_view prefix = path.substr(0, end);
    if (prefix == "/" || prefix.ends_with('/')) continue;
    if (open_in_root(fd_.get(), prefix, O_PATH | O_DIRECTORY)) continue;
    const Place place = place_of(fd_.get(), prefix, "make directory");
    if (::mkdirat(place.folder.get(), place.name.c_str(), 0700) != 0) {
      refuse("make directory", prefix, errno);
    }
    const FileDescriptor made(::openat(place.folder.get(), place.name.c_str(),
                                       O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!made) refuse("make directory", prefix, errno);
    give_attributes(made.get(), attributes, prefix);
  }
}

void HostRoot::make_link(std::string_view target, std::string_view path) {
  const Place place = place_of(fd_.get(), path, "make link");
  ::unlinkat(place.folder.get(), kTemporary, 0);
  if (::symlinkat(std::string(target).c_str(), place.folder.get(), kTemporary) != 0) {
    refuse("make link", path, errno);
  }
  put_in_place(place, "make link", path);
}

void HostRoot::set_attributes(std::string_view path, FileAttributes attributes) {
  const auto fd = open_in_root(fd_.get(), path, O_PATH);
  if (!fd) refuse("change the mode of", path, ENOENT);
  if (::fchownat(fd->get(), "", attributes.uid, attributes.gid, AT_EMPTY_PATH) != 0) {
    refuse("change the owner of", path, errno);
  }
  // fchmod does not take an O_PATH descriptor, and opening what is there may act.
  if (::chmod(in_proc(fd->get()).c_str(), attributes.mode & 07777U) != 0) {
    refuse("change the mode of", path, errno);
  }
}

void HostRoot::remove(std::string_view path) {
  const auto slash = path.substr(0, path.find_last_not_of('/') + 1).rfind('/');
  if (slash != std::string_view::npos && slash > 0 &&
      !open_in_root(fd_.get(), path.substr(0, slash), O_PATH | O_DIRECTORY)) {
    return;
  }
  const Place place = place_of(fd_.get(), path, "remove");
  if (::unlinkat(place.folder.get(), place.name.c_str(), 0) == 0 || errno == ENOENT) return;
  if (errno == EISDIR && ::unlinkat(place.folder.get(), place.name.c_str(), AT_REMOVEDIR) == 0) {
    return;
  }
  refuse("remove", path, errno);
}

RootCommandResult HostRoot::run(const RootCommand& command) {
  const TraceSpan span("command", fmt::format("{}", fmt::join(command.arguments, " ")));
  return mount::run_contained(directory_, command);
}

}  // namespace composer::tree
