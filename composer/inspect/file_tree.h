#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "composer/root.h"

namespace composer::inspect {

/// A file or directory of one filesystem, in that filesystem's own numbers.
using Node = std::uint64_t;

/// One filesystem, without paths, links or mounts: those are `MountedRoot`'s. What it is made from
/// is hostile; every call ends, and throws an Error where the filesystem contradicts itself.
class FileTree {
 public:
  virtual ~FileTree() = default;

  virtual Node root() const = 0;
  /// What a directory has under a name that is neither `.` nor `..`, or nothing.
  virtual std::optional<Node> find(Node directory, std::string_view name) const = 0;
  virtual FileStatus status(Node node) const = 0;
  /// The names in a directory without `.` and `..`, in any order.
  virtual std::vector<std::string> names(Node directory) const = 0;
  /// What a symbolic link holds.
  virtual std::string target(Node link) const = 0;
  /// At most `most` bytes of a regular file from `offset` on; fewer only at its end.
  virtual std::string read(Node file, std::uint64_t offset, std::size_t most) const = 0;
  virtual ExtendedAttributes xattrs(Node node) const = 0;
};

/// Names that one directory may have; where a filesystem claims more it is taken for broken.
inline constexpr std::size_t kMostNames = 1'000'000;

/// True for a name that a directory may have: not empty, `.` or `..`, and without '/' and zero.
bool is_file_name(std::string_view name);

}  // namespace composer::inspect
