#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "composer/blueprint.h"
#include "composer/root.h"
#include "composer/units.h"

// What the rules look at: a finished image as plain facts and a root to read. What could not be
// read is said, so that a rule that needs it is skipped with the reason and never passes.

namespace composer::lint {

/// What kind of file an image is.
enum class FileFormat { raw, vhd_fixed, vhd_dynamic, vhdx, qcow2, directory, archive };

/// `fixed VHD`, …
std::string_view to_text(FileFormat format);

/// The file around the disk.
struct ImageFile {
  FileFormat format = FileFormat::raw;
  Bytes size;          ///< As `stat` says; of a directory zero.
  Bytes virtual_size;  ///< Of the disk in it; zero where there is none.
  std::string footer;  ///< The last 512 bytes, of a VHD; else empty.
};

struct DiskPartition {
  int number = 0;       ///< From 1.
  std::string type_id;  ///< GPT: type GUID, upper case; MBR: two hexadecimal digits.
  std::string uuid;     ///< Lower case; GPT: partition GUID; MBR: DISKID-NN.
  std::string label;    ///< GPT only.
  Bytes start, size;

  bool is_esp() const;
  bool is_bios_boot() const;
};

struct DiskTable {
  PartitionTableType type = PartitionTableType::gpt;
  Bytes size;                         ///< Of the disk.
  std::vector<std::string> problems;  ///< What is wrong with the table, one line each.
  std::vector<DiskPartition> partitions;
  std::string boot_sector;  ///< The first 512 bytes of the disk.
};

struct DiskFilesystem {
  int partition = 0;  ///< Number; 0 for a filesystem on the whole disk.
  std::string type;   ///< As blkid has it: ext4, vfat, swap, LVM2_member, …
  std::string uuid;   ///< As blkid prints it.
  std::string label;
};

struct InstalledPackage {
  std::string name;
  std::string version, release;
};

struct Subject {
  std::string name;  ///< Of the image, for people.
  std::optional<ImageFile> file;
  std::optional<DiskTable> disk;
  std::string disk_problem;  ///< Why there is no `disk`.
  std::vector<DiskFilesystem> filesystems;
  /// The root filesystem with everything that its fstab mounts; not owned.
  const ReadRoot* root = nullptr;
  std::string root_problem;  ///< Why there is no `root`.
  /// Where in `root` the ESP's files are: `/boot/efi`; empty where there is none.
  std::string esp;
  std::string esp_problem;  ///< Why the ESP's files cannot be read, where there is one.
  std::optional<std::vector<InstalledPackage>> packages;  ///< By name.
  std::string packages_problem;                           ///< Why there are no `packages`.

  /// The partition's filesystem, or null.
  const DiskFilesystem* filesystem_of(const DiskPartition& partition) const;
};

}  // namespace composer::lint
