#pragma once

#include <cstddef>
#include <string_view>

#include "composer/blueprint.h"
#include "composer/units.h"

namespace composer {

/// The smallest partition that a filesystem of this type is made on, with our options
/// (docs/storage.md):
/// - ext4 8 MiB: below 2048 blocks of 4 KiB mke2fs leaves the journal out;
/// - xfs 300 MiB: mkfs.xfs refuses less since xfsprogs 5.19;
/// - btrfs 109 MiB: 114294784 bytes, asked of mkfs.btrfs 6.2 with `-m dup -d single`;
/// - vfat 3 MiB: FAT16 has at least 4085 clusters, here of 512 bytes;
/// - swap 1 MiB: our grain; mkswap asks for 10 pages.
Bytes smallest_filesystem(FilesystemType type);

/// The largest one, or zero where no partition can be too large: vfat counts 512-byte sectors in
/// 32 bits.
Bytes largest_filesystem(FilesystemType type);

/// Longest label in bytes: ext4 16, xfs 12, btrfs 255, vfat 11, swap 15.
std::size_t longest_label(FilesystemType type);

/// Whether the filesystem can hold the label, which is not too long: a vfat label has none of
/// `*?.,;:/\|+=<>[]"`.
bool allows_label(FilesystemType type, std::string_view label);

}  // namespace composer
