#include "composer/disk/existing_disk.h"

#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "composer/disk/change_partition_table.h"
#include "composer/disk/clear_range.h"
#include "composer/error.h"

namespace composer::disk {
namespace {

void set_size(int fd, const PlannedDisk& layout, const ExistingDisk& existing) {
  const std::string shown = existing.file.string();
  // Of a block device as well.
  const off_t end = ::lseek(fd, 0, SEEK_END);
  struct stat status {};
  if (end < 0 || ::fstat(fd, &status) != 0) {
    throw system_error(fmt::format("cannot look at '{}'", shown), errno);
  }
  const Bytes size{static_cast<std::uint64_t>(end)};
  if (S_ISBLK(status.st_mode)) {
    if (size >= layout.size) return;
    throw Error(ErrorKind::build, fmt::format("'{}' has {} bytes, fewer than the {} planned", shown,
                                              size.count, layout.size.count));
  }
  if (size != existing.size || layout.size < size) {
    throw Error(ErrorKind::build, fmt::format("'{}' has {} bytes, not {} as planned", shown,
                                              size.count, existing.size.count));
  }
  if (::ftruncate(fd, static_cast<off_t>(layout.size.count)) != 0) {
    throw system_error(fmt::format("cannot make '{}' {} large", shown, to_text(layout.size)),
                       errno);
  }
}

}  // namespace

FileDescriptor open_existing_disk(const PlannedDisk& layout, const ExistingDisk& existing) {
  FileDescriptor fd = open_file(existing.file, O_RDWR);
  set_size(fd.get(), layout, existing);
  change_partition_table(fd.get(), layout, existing);
  for (const PlannedPartition& partition : layout.partitions) {
    // There may be files of a partition that was deleted, or the backup GPT of the smaller disk.
    const Bytes kept = partition.base ? partition.base->size : Bytes{0};
    if (partition.size > kept) {
      clear_range(fd.get(), partition.start + kept, partition.size - kept, existing.file.string());
    }
  }
  return fd;
}

}  // namespace composer::disk
