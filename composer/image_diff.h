#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "composer/progress.h"
#include "composer/root.h"

namespace composer {

/// One thing that is not the same in two images.
struct Difference {
  /// `image`, `partitions`, `system`, `boot`, `packages` or `files`.
  std::string part;
  std::string subject;  ///< What differs: `partition 2`, `kernel`, `/etc/fstab`.
  std::string aspect;   ///< In what: `size`, `mode`, `content`; empty where one image lacks it.
  /// Absent where that image does not have it at all.
  std::optional<std::string> before, after;
};

struct ImageDifferences {
  std::string before, after;  ///< Names of the images, as they were given.
  std::vector<Difference> differences;
  std::vector<std::string> problems;  ///< What could not be compared, and why.

  /// Nothing differs, and everything was compared.
  bool same() const { return differences.empty() && problems.empty(); }
};

/// Compares two images of any format that composer/inspect reads: format and sizes, partitions and
/// filesystems, os-release and kernels, boot entries with their command lines, packages, and every
/// file with kind, owner, mode, device, link target, extended attributes and content. Times are
/// not compared. Neither is started or written.
/// @throws Error  when one of them is no image at all.
ImageDifferences compare_images(const std::filesystem::path& before,
                                const std::filesystem::path& after, Progress& progress);

/// The part `files` alone, of two roots.
void compare_trees(const ReadRoot& before, const ReadRoot& after, ImageDifferences& found);

/// For people, a line each: `+` only in the second, `-` only in the first, `~` in both, different.
std::string describe(const ImageDifferences& differences);
/// For programs: docs/inspecting.md has the keys.
std::string to_json(const ImageDifferences& differences);

}  // namespace composer
