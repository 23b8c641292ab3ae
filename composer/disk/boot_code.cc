#include "composer/disk/boot_code.h"

#include <algorithm>
#include <cerrno>
#include <fmt/format.h>
#include <unistd.h>

#include "composer/base/file_descriptor.h"

namespace composer::disk {
namespace {

// Offsets in boot.img and diskboot.img, from GRUB's include/grub/i386/pc/boot.h and
// include/grub/offsets.h; stable since GRUB 1.99.
constexpr std::size_t kSector = 512;
constexpr std::size_t kParameterBlock = 0x03;     ///< BIOS parameter block, kept from the disk,
constexpr std::size_t kParameterBlockEnd = 0x5a;  ///< up to here.
constexpr std::size_t kKernelSector = 0x5c;       ///< 8 bytes: where core.img starts, in sectors.
constexpr std::size_t kBootDrive = 0x64;          ///< 0xff: the drive that the BIOS names.
constexpr std::size_t kDriveCheck = 0x66;         ///< A jump of 2 bytes over the check.
constexpr std::size_t kDiskId = 0x1b8;            ///< Disk id and partition table, kept,
constexpr std::size_t kTableEnd = 0x1fe;          ///< up to here.
constexpr std::size_t kBlockEntry = 12;           ///< start (8), length (2), segment (2).
constexpr std::size_t kFirstBlock = kSector - kBlockEntry;
constexpr std::uint16_t kLoadSegment = 0x0820;  ///< 0x8000 and the first sector, as a segment.
/// GRUB's own bound: what is loaded at 0x8200 must end below 0x78000 (include/grub/offsets.h).
constexpr std::size_t kLargestCore = 0x78000 - 0x8200;

[[noreturn]] void refuse(std::string message, std::string hint = {}) {
  throw Error(ErrorKind::build, std::move(message), std::move(hint));
}

void put(std::string& bytes, std::size_t at, std::uint64_t value, std::size_t width) {
  for (std::size_t i = 0; i < width; i++) {
    bytes[at + i] = static_cast<char>(static_cast<unsigned char>(value >> (8 * i)));
  }
}

std::uint64_t get(std::string_view bytes, std::size_t at, std::size_t width) {
  std::uint64_t value = 0;
  for (std::size_t i = width; i-- > 0;) {
    value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  }
  return value;
}

bool has_boot_signature(std::string_view sector) {
  return get(sector, kTableEnd, 2) == 0xaa55;
}

std::string read_first_sector(int fd) {
  std::string sector(kSector, '\0');
  std::size_t done = 0;
  while (done < kSector) {
    const ssize_t n = ::pread(fd, sector.data() + done, kSector - done, static_cast<off_t>(done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw system_error("cannot read the disk's first sector", errno);
    if (n == 0) refuse("cannot read the disk's first sector: the file is shorter than that");
    done += static_cast<std::size_t>(n);
  }
  return sector;
}

}  // namespace

CoreArea core_area(const PlannedDisk& layout) {
  if (layout.table == PartitionTableType::gpt) {
    for (const PlannedPartition& partition : layout.partitions) {
      if (partition.type == PartitionType::bios_boot) {
        return {partition.start.count / kSector, partition.size};
      }
    }
    refuse("the disk has no place for GRUB's core image",
           "add a partition of type 'bios-boot', 1 MiB or more");
  }
  Bytes first = layout.size;
  for (const PlannedPartition& partition : layout.partitions) {
    first = std::min(first, partition.start);
  }
  if (first.count <= kSector) refuse("the disk has no gap before its first partition");
  return {1, Bytes{first.count - kSector}};
}

std::string patched_boot_sector(std::string_view boot_image, std::string_view disk_sector,
                                std::uint64_t core_sector) {
  if (boot_image.size() != kSector) {
    refuse(fmt::format("GRUB's boot image has {} bytes: it must have 512", boot_image.size()));
  }
  if (!has_boot_signature(boot_image) || boot_image.find("GRUB ") == std::string_view::npos ||
      get(boot_image, kDriveCheck, 1) != 0xeb) {
    refuse("the boot image is not GRUB's boot.img");
  }
  if (disk_sector.size() != kSector || !has_boot_signature(disk_sector)) {
    refuse("cannot write boot code: the disk has no partition table");
  }
  std::string sector(boot_image);
  const auto keep = [&](std::size_t from, std::size_t end) {
    sector.replace(from, end - from, disk_sector.substr(from, end - from));
  };
  keep(kParameterBlock, kParameterBlockEnd);
  keep(kDiskId, kTableEnd);
  put(sector, kKernelSector, core_sector, 8);
  put(sector, kBootDrive, 0xff, 1);
  // Two no-operations in place of the jump: some BIOSes pass 0 as the drive they boot from although
  // it is a hard disk, and the code that is then reached corrects that.
  put(sector, kDriveCheck, 0x9090, 2);
  return sector;
}

std::string patched_core_image(std::string_view core_image, std::uint64_t core_sector, Bytes room) {
  if (core_image.size() <= kSector) {
    refuse(fmt::format("GRUB's core image is too small: {} bytes", core_image.size()));
  }
  if (core_image.size() > kLargestCore) {
    refuse(fmt::format("GRUB's core image is too large: {} bytes, and {} can be loaded",
                       core_image.size(), kLargestCore));
  }
  if (core_image.substr(0, kSector).find("loading") == std::string_view::npos ||
      get(core_image, kFirstBlock + 10, 2) != kLoadSegment) {
    refuse("the core image does not begin with GRUB's diskboot.img");
  }
  const std::size_t sectors = (core_image.size() + kSector - 1) / kSector;
  if (sectors * kSector > room.count) {
    refuse(fmt::format("GRUB's core image does not fit: it needs {}, and there are {}",
                       to_text(Bytes{sectors * kSector}), to_text(room)),
           "make the partition of type 'bios-boot' larger");
  }
  std::string core(core_image);
  core.resize(sectors * kSector, '\0');
  put(core, kFirstBlock, core_sector + 1, 8);
  put(core, kFirstBlock + 8, sectors - 1, 2);
  put(core, kFirstBlock + 10, kLoadSegment, 2);
  // The list grows downwards and ends at a length of zero.
  core.replace(kFirstBlock - kBlockEntry, kBlockEntry, kBlockEntry, '\0');
  return core;
}

void write_bios_boot_code(int fd, const PlannedDisk& layout, std::string_view boot_image,
                          std::string_view core_image) {
  with_context("while writing the BIOS boot code", [&] {
    const CoreArea area = core_area(layout);
    const std::string core = patched_core_image(core_image, area.sector, area.room);
    const std::string boot = patched_boot_sector(boot_image, read_first_sector(fd), area.sector);
    write_all_at(fd, core, area.sector * kSector, "the disk");
    write_all_at(fd, boot, 0, "the disk");
  });
}

}  // namespace composer::disk
