#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>

#include "composer/units.h"

namespace composer {

/// Owns a file descriptor. Move-only.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int raw) : raw_(raw) {}
  FileDescriptor(FileDescriptor&& other) noexcept : raw_(std::exchange(other.raw_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(raw_, other.raw_);
    return *this;
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  ~FileDescriptor() { reset(); }

  int get() const { return raw_; }
  explicit operator bool() const { return raw_ >= 0; }
  void reset() noexcept {
    if (raw_ >= 0) ::close(std::exchange(raw_, -1));
  }

 private:
  int raw_ = -1;
};

/// Opens a file, close-on-exec. @throws Error naming the path and the cause.
FileDescriptor open_file(const std::filesystem::path& path, int flags, unsigned mode = 0644);

/// The whole content of a regular file of the host. @throws Error when it cannot be read.
std::string read_file(const std::filesystem::path& path);

/// The content of the regular file that `relative` names inside `folder`; neither `..`, an absolute
/// path nor a symbolic link can lead out of it (openat2's RESOLVE_BENEATH).
/// @throws Error  when it leads out, cannot be read, or is larger than `most`.
std::string read_file_beneath(const std::filesystem::path& folder, const std::string& relative,
                              Bytes most);

/// Writes all of `bytes` at the descriptor's position. @throws Error naming `what`.
void write_all(int fd, std::string_view bytes, std::string_view what);
/// Writes all of `bytes` at `offset`. @throws Error naming `what`.
void write_all_at(int fd, std::string_view bytes, std::uint64_t offset, std::string_view what);

/// Writes a file so that it is either there whole or not at all: `path.partial`, synced, renamed.
void write_file_atomically(const std::filesystem::path& path, std::string_view content,
                           unsigned mode = 0644);

}  // namespace composer
