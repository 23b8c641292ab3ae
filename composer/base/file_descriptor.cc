#include "composer/base/file_descriptor.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "composer/error.h"

namespace composer {

FileDescriptor open_file(const std::filesystem::path& path, int flags, unsigned mode) {
  FileDescriptor fd(::open(path.c_str(), flags | O_CLOEXEC, mode));
  if (!fd) throw system_error(fmt::format("cannot open '{}'", path.string()), errno);
  return fd;
}

namespace {

/// @param size  What the file is said to hold; a pipe says 0, and a file may grow or shrink.
std::string read_all(int fd, const std::filesystem::path& path, off_t size) {
  constexpr std::size_t kLeast = 1 << 12;
  // One byte more, so that the end is seen without growing.
  std::string content(std::max(kLeast, static_cast<std::size_t>(size) + 1), '\0');
  for (std::size_t have = 0;;) {
    if (have == content.size()) content.resize(2 * content.size());
    const ssize_t n = ::read(fd, content.data() + have, content.size() - have);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw system_error(fmt::format("cannot read '{}'", path.string()), errno);
    have += static_cast<std::size_t>(n);
    if (n > 0) continue;
    content.resize(have);
    return content;
  }
}

}  // namespace

std::string read_file(const std::filesystem::path& path) {
  const FileDescriptor fd = open_file(path, O_RDONLY);
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0 || S_ISDIR(status.st_mode)) {
    throw system_error(fmt::format("cannot read '{}'", path.string()),
                       S_ISDIR(status.st_mode) ? EISDIR : errno);
  }
  return read_all(fd.get(), path, status.st_size);
}

std::string read_file_beneath(const std::filesystem::path& folder, const std::string& relative,
                              Bytes most) {
  const std::filesystem::path shown = folder / relative;
  const FileDescriptor base = open_file(folder.empty() ? "." : folder, O_PATH | O_DIRECTORY);
  open_how how{};
  how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;  // A FIFO must not make us wait.
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  const FileDescriptor fd(
      static_cast<int>(::syscall(SYS_openat2, base.get(), relative.c_str(), &how, sizeof how)));
  if (!fd && errno == EXDEV) {
    throw Error(ErrorKind::usage,
                fmt::format("'{}' leads out of the folder '{}'", relative, folder.string()));
  }
  struct stat status {};
  if (!fd || ::fstat(fd.get(), &status) != 0) {
    throw system_error(fmt::format("cannot read '{}'", shown.string()), errno);
  }
  if (!S_ISREG(status.st_mode)) {
    throw Error(ErrorKind::usage, fmt::format("'{}' is not a regular file", shown.string()));
  }
  if (static_cast<std::uint64_t>(status.st_size) > most.count) {
    throw Error(
        ErrorKind::usage,
        fmt::format("'{}' is {}, more than the {} that a file of a blueprint may have",
                    shown.string(), to_text(Bytes{static_cast<std::uint64_t>(status.st_size)}),
                    to_text(most)));
  }
  return read_all(fd.get(), shown, status.st_size);
}

void write_all(int fd, std::string_view bytes, std::string_view what) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw system_error(fmt::format("cannot write '{}'", what), errno);
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

void write_all_at(int fd, std::string_view bytes, std::uint64_t offset, std::string_view what) {
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw system_error(fmt::format("cannot write '{}'", what), errno);
    bytes.remove_prefix(static_cast<std::size_t>(n));
    offset += static_cast<std::uint64_t>(n);
  }
}

void write_file_atomically(const std::filesystem::path& path, std::string_view content,
                           unsigned mode) {
  const std::filesystem::path partial = path.string() + ".partial";
  {
    const FileDescriptor fd = open_file(partial, O_WRONLY | O_CREAT | O_TRUNC, mode);
    write_all(fd.get(), content, partial.string());
    if (::fsync(fd.get()) != 0) {
      throw system_error(fmt::format("cannot sync '{}'", partial.string()), errno);
    }
  }
  if (::rename(partial.c_str(), path.c_str()) != 0) {
    throw system_error(fmt::format("cannot rename '{}' to '{}'", partial.string(), path.string()),
                       errno);
  }
}

}  // namespace composer
