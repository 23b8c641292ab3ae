#pragma once

#include <filesystem>

#include "composer/base/file_descriptor.h"

namespace composer::host {

/// A scratch folder of one build, `.image-composer-work-XXXXXX` below a base folder, locked for as
/// long as its process lives. Making one first removes those whose owner is gone, so that a killed
/// build costs no space for longer than until the next one.
class WorkDirectory {
 public:
  /// @throws Error  when `base` cannot be made or written to.
  explicit WorkDirectory(const std::filesystem::path& base);
  WorkDirectory(const WorkDirectory&) = delete;
  WorkDirectory& operator=(const WorkDirectory&) = delete;
  ~WorkDirectory();

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  FileDescriptor lock_;
};

/// Removes the work folders in `base` whose owner is gone, for a run that makes none itself. One
/// that cannot be removed stays: the next run tries again.
void remove_stale_work(const std::filesystem::path& base) noexcept;

}  // namespace composer::host
