#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <vector>

#include "composer/base/file_descriptor.h"

namespace composer::mount {

/// The view of the filesystem that a contained process has. docs/containment.md says what is in it
/// and why. Only for a process that has a mount and a PID namespace of its own.
class ContainedRoot {
 public:
  /// Makes `root` the root directory of this mount namespace, with everything of the host gone,
  /// and /dev, /proc, /sys, /run and /tmp mounted over. Directories for these that are missing are
  /// made, with the modes that `filesystem` packages give them.
  explicit ContainedRoot(const std::filesystem::path& root);

  /// A package may own /dev, /proc, /sys, /run or /tmp and set its mode and owner: what reached the
  /// directory mounted over is given to the one below, which is in the image.
  void carry_attributes() const;

  /// Puts an executable file of this content at kRootProgram, in memory.
  void add_program(std::string_view content) const;

  /// Mounts a filesystem that is mounted nowhere over a directory, read-only. No link is followed.
  void show_folder(const std::string& path, int mounted) const;

  /// Shows a file of this content, which cannot be written to, at /etc/resolv.conf, whatever is
  /// there: a file, a link, or nothing.
  void show_resolver(std::string_view content);
  /// Takes it away, so that what was there, or nothing, is there again.
  void hide_resolver();

 private:
  struct Cover {
    std::string path;
    FileDescriptor below, above;
    struct stat at_first {};
  };
  void cover(const std::string& path, mode_t mode, int mounted);

  std::vector<Cover> covers_;
  FileDescriptor etc_;                 ///< Of the resolver's place, while it is shown.
  bool resolver_placeholder_ = false;  ///< A file was made for it, to be mounted over.
};

}  // namespace composer::mount
