#pragma once

#include <optional>
#include <string>
#include <vector>

#include "composer/units.h"

namespace composer::disk {

/// What libblkid's low-level probe sees in a range of a file. Text is as blkid(8) prints it.
struct FilesystemSignature {
  std::string type;  ///< `ext4`, `vfat`, `swap`, …
  std::string uuid;
  std::string label;  ///< Empty where there is none.
};

struct PartitionSignature {
  int number = 0;
  std::string type_id;  ///< GPT: lower-case GUID; MBR: two hexadecimal digits.
  std::string uuid;     ///< Lower case; for MBR DISKID-NN.
  std::string label;    ///< GPT only.
  Bytes start, size;
};

struct TableSignature {
  std::string type;  ///< `gpt` or `dos`.
  std::string id;    ///< Lower case; for MBR eight hexadecimal digits.
  std::vector<PartitionSignature> partitions;
};

/// The filesystem in `size` bytes from `offset`, or nothing when there is none.
/// @throws Error  when two filesystems claim to be there, or the file cannot be read.
std::optional<FilesystemSignature> probe_filesystem(int fd, Bytes offset, Bytes size);

/// The partition table of a disk, or nothing when there is none.
/// @throws Error  as above.
std::optional<TableSignature> probe_partition_table(int fd, Bytes size);

}  // namespace composer::disk
