#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "composer/base/file_descriptor.h"
#include "composer/units.h"

namespace composer::image {

/// An output file in the making: `NAME.partial` until `commit` renames it to NAME, so that nothing
/// that looks finished is ever unfinished. A PartialFile that goes away uncommitted removes its
/// file, or gives back the disk that it took.
class PartialFile {
 public:
  /// Creates `path.partial` anew; a remnant of a killed run is replaced, one that another run is
  /// writing is an error.
  explicit PartialFile(std::filesystem::path path);
  /// A file that is there and is only written into: it keeps its name, finished or not.
  PartialFile(FileDescriptor fd, std::filesystem::path path);
  PartialFile(const PartialFile&) = delete;
  PartialFile& operator=(const PartialFile&) = delete;
  ~PartialFile();

  int fd() const { return fd_.get(); }
  const std::filesystem::path& path() const { return path_; }  ///< The final name.
  std::string name() const { return partial_.string(); }       ///< The name so far, for errors.
  std::uint64_t size() const;

  /// The most that will be written, for the error message of a full disk.
  void expect(Bytes needed) { needed_ = needed; }

  /// Writes all of `bytes` at `offset`; several threads may.
  /// @throws Error  saying how much was needed and available when the disk is full.
  void write_at(std::string_view bytes, std::uint64_t offset);
  /// Lets the kernel begin to bring a range to the disk, so that who waits for that later waits
  /// less. Only a matter of speed.
  void begin_writeback(std::uint64_t offset, std::uint64_t length) const noexcept;
  /// Makes the file `size` bytes long; what is new reads as zeros and takes no space.
  void resize(std::uint64_t size);
  /// What a failed system call on this file means to the user.
  [[noreturn]] void fail(std::string_view action, int errno_value) const;

  /// Puts the file `raw` itself in this file's place, by a rename.
  ///
  /// @param raw  Opened for writing by this call; must be the only name of its file.
  /// @return  False, and nothing has happened, when it is on another filesystem or has other names.
  bool take(const std::filesystem::path& raw);

  /// Brings the content to stable storage. Once per file: it is the slow part.
  void sync();
  /// Gives the file its final name; the caller syncs the directory once for all files.
  void commit();

 private:
  void give_back() noexcept;

  std::filesystem::path path_;
  std::filesystem::path partial_;
  FileDescriptor fd_;
  Bytes needed_;
  bool committed_ = false;
  struct Taken {
    std::filesystem::path from;
    std::uint64_t size = 0;
    unsigned mode = 0;
  };
  std::optional<Taken> taken_;
};

/// Brings the names in a directory to stable storage.
void sync_directory(const std::filesystem::path& directory);

}  // namespace composer::image
