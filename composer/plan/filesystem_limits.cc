#include "composer/plan/filesystem_limits.h"

namespace composer {

Bytes smallest_filesystem(FilesystemType type) {
  switch (type) {
    case FilesystemType::ext4:
      return MiB(8);
    case FilesystemType::xfs:
      return MiB(300);
    case FilesystemType::btrfs:
      return MiB(109);
    case FilesystemType::vfat:
      return MiB(3);
    case FilesystemType::swap:
      return MiB(1);
  }
  return MiB(1);
}

Bytes largest_filesystem(FilesystemType type) {
  return type == FilesystemType::vfat ? TiB(2) - MiB(1) : Bytes{0};
}

std::size_t longest_label(FilesystemType type) {
  switch (type) {
    case FilesystemType::ext4:
      return 16;
    case FilesystemType::xfs:
      return 12;
    case FilesystemType::btrfs:
      return 255;
    case FilesystemType::vfat:
      return 11;
    case FilesystemType::swap:
      return 15;
  }
  return 11;
}

bool allows_label(FilesystemType type, std::string_view label) {
  return type != FilesystemType::vfat ||
         label.find_first_of("*?.,;:/\\|+=<>[]\"") == std::string_view::npos;
}

}  // namespace composer
