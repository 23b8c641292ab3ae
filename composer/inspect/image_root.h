#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "composer/inspect/block_source.h"
#include "composer/inspect/disk_facts.h"
#include "composer/progress.h"
#include "composer/root.h"

namespace composer::inspect {

/// A mount that the image's own /etc/fstab asks for.
struct FstabMount {
  int line = 0;        ///< In /etc/fstab, from 1.
  std::string source;  ///< As written: `UUID=…`, `LABEL=…`, `tmpfs`.
  std::string point;   ///< `/boot/efi`; `none` for swap.
  std::string type;
  std::string options;
  /// Index in `ImageRoot::filesystems` of what the source names, when it is on this disk.
  std::optional<std::size_t> filesystem;
};

/// What an image holds, as it would look once booted: its root filesystem with the others mounted
/// where its own /etc/fstab wants them. Nothing is written. Without privilege: ext2, ext3, ext4 and
/// vfat are read directly, others by libguestfs where it is installed.
class ImageRoot {
 public:
  enum class Source { disk, archive, directory };

  virtual ~ImageRoot() = default;

  virtual Source source() const = 0;
  /// Of a disk image; nothing for an archive or a directory.
  virtual const std::optional<ContainerFacts>& container() const = 0;
  virtual const std::optional<DiskFacts>& disk() const = 0;
  /// Every filesystem that was recognised, in the order of the partitions.
  virtual const std::vector<FilesystemFacts>& filesystems() const = 0;
  /// The lines of /etc/fstab, in order.
  virtual const std::vector<FstabMount>& mounts() const = 0;
  /// What kept something from being seen (a filesystem that cannot be opened, a mount without
  /// source), in words.
  virtual const std::vector<std::string>& problems() const = 0;

  /// The tree. Lives as long as the image does.
  virtual const ReadRoot& root() const = 0;
};

/// Opens a disk image (see `open_disk_image`), a `.tar` of a root (also compressed), or a
/// directory.
///
/// The root filesystem is the partition with a root type of the Discoverable Partitions
/// Specification, else the first with /etc/fstab that mounts itself at /, else the first with
/// /usr/lib/os-release or /etc/os-release.
/// @throws Error  when nothing can be read, or there is no root filesystem. Of kind host when
///                libguestfs is needed and not there.
std::unique_ptr<ImageRoot> open_image(const std::filesystem::path& path, Progress& progress);

}  // namespace composer::inspect
