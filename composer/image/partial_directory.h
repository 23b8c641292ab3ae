#pragma once

#include <filesystem>
#include <string>

#include "composer/base/file_descriptor.h"

namespace composer::image {

/// An output that is a directory, in the making: `NAME.partial` until `commit` gives it its name,
/// where it takes the place of an earlier build's. One that goes away uncommitted is removed.
class PartialDirectory {
 public:
  /// Creates `path.partial` anew, mode 0700; a remnant of a killed run is replaced, one that
  /// another run is writing is an error.
  explicit PartialDirectory(std::filesystem::path path);
  PartialDirectory(const PartialDirectory&) = delete;
  PartialDirectory& operator=(const PartialDirectory&) = delete;
  ~PartialDirectory();

  int fd() const { return fd_.get(); }
  const std::filesystem::path& path() const { return path_; }  ///< The final name.

  /// Brings the content to stable storage.
  void sync();
  /// Gives the directory its final name and removes what had it; the caller syncs the directory
  /// that holds it.
  void commit();

 private:
  void commit_plainly(const std::string& what);

  std::filesystem::path path_;
  std::filesystem::path partial_;
  FileDescriptor fd_;
  bool committed_ = false;
};

}  // namespace composer::image
