#pragma once

#include <libfdisk/libfdisk.h>
#include <optional>
#include <string>
#include <string_view>

#include "composer/base/handle.h"
#include "composer/plan.h"

namespace composer::disk {

/// One used entry of a partition table.
struct LabelEntry {
  Bytes start, size;
  std::string uuid;  ///< Lower case; for MBR DISKID-NN.
};

/// The partition table of a raw disk (libfdisk's "disklabel") in memory; nothing reaches the disk
/// before `write`. Sectors are of 512 bytes. Every function throws Error when libfdisk refuses, or
/// would move anything.
class DiskLabel {
 public:
  /// Loads what is on the disk, which may be nothing.
  /// @param fd  The disk, open for reading and writing as long as this lives.
  explicit DiskLabel(int fd);

  /// Starts with an empty table in place of what was loaded. The boot code in an MBR goes, too.
  void create(PartitionTableType type);

  /// Nothing where there is no table, or another kind.
  std::optional<PartitionTableType> type() const;

  /// As in PlannedDisk::id.
  std::string id() const;
  void set_id(const std::string& id);

  /// The partition of this number, from 1, or nothing.
  std::optional<LabelEntry> entry(int number) const;

  void add(const PlannedPartition& planned);
  /// Moves the end of `planned`, which is there, to its planned size.
  void resize(const PlannedPartition& planned);
  /// GPT only: an MBR's partition has its identity from the disk.
  void set_uuid(const PlannedPartition& planned);
  /// MBR only.
  void mark_active(const PlannedPartition& planned);

  /// Whether the disk differs from what is here: also when libfdisk has something to mend, such as
  /// a backup GPT that is not at the end of the disk.
  bool changed() const;
  void write();

 private:
  void expect(const PlannedPartition& planned) const;

  Handle<fdisk_context, fdisk_unref_context> context_;
};

}  // namespace composer::disk
