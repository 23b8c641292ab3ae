#include "composer/base/file_descriptor.h"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include "composer/error.h"

namespace composer {

FileDescriptor open_file(const std::filesystem::path& path, int flags, unsigned mode) {
  FileDescriptor fd(::open(path.c_str(), flags | O_CLOEXEC, mode));
  if (!fd) throw system_error(fmt::format("cannot open '{}'", path.string()), errno);
  return fd;
}

std::string read_file(const std::filesystem::path& path) {
  const FileDescriptor fd = open_file(path, O_RDONLY);
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0 || S_ISDIR(status.st_mode)) {
    throw system_error(fmt::format("cannot read '{}'", path.string()),
                       S_ISDIR(status.st_mode) ? EISDIR : errno);
  }
  std::string content;
  std::string buffer(1 << 16, '\0');
  for (;;) {
    const ssize_t n = ::read(fd.get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw system_error(fmt::format("cannot read '{}'", path.string()), errno);
    if (n == 0) return content;
    content.append(buffer, 0, static_cast<std::size_t>(n));
  }
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
