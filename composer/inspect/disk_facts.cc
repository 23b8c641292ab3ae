#include "composer/inspect/disk_facts.h"

#include <algorithm>
#include <fmt/format.h>
#include <zlib.h>

#include "composer/inspect/byte_order.h"
#include "composer/inspect/image_file.h"

// Source: UEFI specification 2.10, 5.2 (MBR) and 5.3 (GPT). Little-endian throughout.

namespace composer::inspect {
namespace {

constexpr std::size_t kSector0 = 512, kBootCode = 440, kMbrEntries = 446;
/// 5.3.3: at least 16 KiB; nobody writes more than 4096 entries.
constexpr std::uint64_t kMostEntryBytes = 1 << 20;
/// Logical partitions in an extended one; Linux reads 256 partitions at most.
constexpr int kMostLogical = 252;
constexpr std::string_view kUnused = "00000000-0000-0000-0000-000000000000";

std::uint32_t crc32_of(std::string_view bytes) {
  return static_cast<std::uint32_t>(
      ::crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

/// UTF-16 up to the first zero, as UTF-8; what is no character becomes '?'.
std::string utf8_name(std::string_view utf16) {
  std::string name;
  for (std::size_t i = 0; i + 1 < utf16.size(); i += 2) {
    const auto unit = little_endian<std::uint16_t>(utf16, i);
    if (unit == 0) break;
    if (unit < 0x80) {
      name += static_cast<char>(unit < 0x20 || unit == 0x7f ? '?' : unit);
    } else if (unit < 0x800) {
      name += static_cast<char>(0xc0 | unit >> 6);
      name += static_cast<char>(0x80 | (unit & 0x3f));
    } else if (unit >= 0xd800 && unit < 0xe000) {
      name += '?';
    } else {
      name += static_cast<char>(0xe0 | unit >> 12);
      name += static_cast<char>(0x80 | (unit >> 6 & 0x3f));
      name += static_cast<char>(0x80 | (unit & 0x3f));
    }
  }
  return name;
}

class TableReader {
 public:
  TableReader(const BlockSource& disk, std::uint32_t sector) : disk_(disk) {
    facts_.size = disk.size();
    facts_.sector_size = sector;
  }

  DiskFacts read() {
    if (disk_.size().count < 2 * kSector0) {
      problem("the disk is smaller than two sectors");
      return facts_;
    }
    facts_.boot_sector = read_text(disk_, 0, kSector0);
    facts_.boot_signature = facts_.boot_sector.ends_with("\x55\xaa");
    find_sector_size();
    if (facts_.boot_signature) {
      for (std::size_t i = 0; i < 4; ++i) {
        facts_.protective_mbr = facts_.protective_mbr || mbr_type(kMbrEntries + 16 * i) == 0xee;
      }
    }
    if (header_at(1) || (facts_.protective_mbr && header_at(last_lba()))) {
      read_gpt();
    } else if (facts_.boot_signature && !is_filesystem()) {
      read_mbr();
    }
    check_partitions();
    return std::move(facts_);
  }

 private:
  template <typename... Args>
  void problem(fmt::format_string<Args...> format, Args&&... args) {
    facts_.problems.push_back(fmt::format(format, std::forward<Args>(args)...));
  }

  std::uint64_t last_lba() const { return disk_.size().count / facts_.sector_size - 1; }
  std::uint8_t mbr_type(std::size_t entry) const {
    return little_endian<std::uint8_t>(facts_.boot_sector, entry + 4);
  }

  bool header_at(std::uint64_t lba) const {
    const std::uint64_t at = lba * facts_.sector_size;
    return is_within(at, kSector0, disk_.size().count) && read_text(disk_, at, 8) == "EFI PART";
  }

  /// A raw image does not say how large its sectors are; its GPT's place does.
  void find_sector_size() {
    if (facts_.sector_size != kSector0 || header_at(1)) return;
    facts_.sector_size = 4096;
    if (!header_at(1)) facts_.sector_size = kSector0;
  }

  /// The boot sector of FAT and NTFS ends in the same signature as an MBR.
  bool is_filesystem() const {
    const std::string_view sector = facts_.boot_sector;
    const bool jump = sector[0] == '\xeb' || sector[0] == '\xe9';
    return jump && (sector.substr(54, 3) == "FAT" || sector.substr(82, 3) == "FAT" ||
                    sector.substr(3, 4) == "NTFS");
  }

  GptHeaderFacts read_header(std::uint64_t lba, std::string_view which, std::string& entries) {
    GptHeaderFacts header;
    header.present = header_at(lba);
    if (!header.present) return header;
    const std::string sector = read_text(disk_, lba * facts_.sector_size, facts_.sector_size);
    const auto size = little_endian<std::uint32_t>(sector, 12);
    if (size >= 92 && size <= sector.size()) {
      std::string covered = sector.substr(0, size);
      covered.replace(16, 4, 4, '\0');
      header.header_crc_right = crc32_of(covered) == little_endian<std::uint32_t>(sector, 16);
    }
    header.own_lba = little_endian<std::uint64_t>(sector, 24);
    header.other_lba = little_endian<std::uint64_t>(sector, 32);
    header.first_usable = little_endian<std::uint64_t>(sector, 40);
    header.last_usable = little_endian<std::uint64_t>(sector, 48);
    header.disk_guid = guid_text(std::string_view(sector).substr(56, 16));
    header.entries_lba = little_endian<std::uint64_t>(sector, 72);
    header.entries = little_endian<std::uint32_t>(sector, 80);
    const auto entry_size = little_endian<std::uint32_t>(sector, 84);
    if (!header.header_crc_right) problem("the CRC of the {} GPT header is wrong", which);
    if (header.own_lba != lba) {
      problem("the {} GPT header says that it is in sector {}, and it is in {}", which,
              header.own_lba, lba);
    }
    const std::uint64_t bytes = std::uint64_t{header.entries} * entry_size;
    if (entry_size < 128 || entry_size > 4096 || entry_size % 128 != 0 || bytes > kMostEntryBytes ||
        header.entries_lba > last_lba() ||
        !is_within(header.entries_lba * facts_.sector_size, bytes, disk_.size().count)) {
      problem("the {} GPT header points to entries that are not possible", which);
      return header;
    }
    entries = read_text(disk_, header.entries_lba * facts_.sector_size, bytes);
    header.entries_crc_right = crc32_of(entries) == little_endian<std::uint32_t>(sector, 88);
    if (!header.entries_crc_right) problem("the CRC of the {} GPT entries is wrong", which);
    entry_size_ = entry_size;
    return header;
  }

  void read_gpt() {
    facts_.kind = TableKind::gpt;
    if (!facts_.protective_mbr) problem("the GPT has no protective MBR");
    std::string primary, backup;
    facts_.backup_at_end = header_at(last_lba());
    facts_.backup = read_header(last_lba(), "backup", backup);
    const std::uint32_t backup_entry_size = entry_size_;
    facts_.primary = read_header(1, "primary", primary);
    if (!facts_.primary.present) problem("the primary GPT header is not there");
    if (!facts_.backup_at_end) problem("the disk's last sector has no backup GPT header");
    if (facts_.primary.present && facts_.primary.header_crc_right &&
        facts_.primary.other_lba != last_lba()) {
      problem("the primary GPT header says that its backup is in sector {}, and the last is {}",
              facts_.primary.other_lba, last_lba());
    }
    const auto is_right = [](const GptHeaderFacts& header) {
      return header.present && header.header_crc_right && header.entries_crc_right;
    };
    if (is_right(facts_.primary) && is_right(facts_.backup) && primary != backup) {
      problem("the entries of the primary GPT and of its backup differ");
    }
    const bool use_backup = !is_right(facts_.primary) && is_right(facts_.backup);
    if (use_backup) entry_size_ = backup_entry_size;
    used_ = use_backup ? facts_.backup : facts_.primary;
    facts_.id = used_.disk_guid;
    add_gpt_entries(use_backup ? backup : primary);
  }

  void add_gpt_entries(std::string_view entries) {
    int number = 0;
    for (std::size_t at = 0; entry_size_ > 0 && at + entry_size_ <= entries.size();
         at += entry_size_) {
      ++number;
      PartitionFacts partition;
      partition.number = number;
      partition.type = guid_text(entries.substr(at, 16));
      if (partition.type == kUnused) continue;
      partition.guid = guid_text(entries.substr(at + 16, 16));
      const auto first = little_endian<std::uint64_t>(entries, at + 32);
      const auto last = little_endian<std::uint64_t>(entries, at + 40);
      partition.attributes = little_endian<std::uint64_t>(entries, at + 48);
      partition.name = utf8_name(entries.substr(at + 56, 72));
      if (first > last || last > last_lba()) {
        problem("partition {} is from sector {} to {}, and the disk's last is {}", number, first,
                last, last_lba());
      } else if (first < used_.first_usable || last > used_.last_usable) {
        problem("partition {} is outside the range that the GPT calls usable", number);
      }
      // What is not possible is kept as it says, as far as it fits bytes.
      constexpr std::uint64_t kMost = ~std::uint64_t{0} / 8192;
      partition.start = {std::min(first, kMost) * facts_.sector_size};
      const std::uint64_t sectors = first > last ? 0 : std::min(last - first, kMost) + 1;
      partition.size = {sectors * facts_.sector_size};
      facts_.partitions.push_back(std::move(partition));
    }
  }

  void read_mbr() {
    facts_.kind = TableKind::mbr;
    facts_.id = fmt::format("{:08x}", little_endian<std::uint32_t>(facts_.boot_sector, kBootCode));
    for (int i = 0; i < 4; ++i) {
      const std::size_t at = kMbrEntries + 16 * static_cast<std::size_t>(i);
      const std::uint8_t type = mbr_type(at);
      if (type == 0) continue;
      const std::uint64_t start = little_endian<std::uint32_t>(facts_.boot_sector, at + 8);
      add_mbr_partition(facts_.boot_sector, at, i + 1, start);
      if (type == 0x05 || type == 0x0f || type == 0x85) read_extended(start);
    }
    std::stable_sort(facts_.partitions.begin(), facts_.partitions.end(),
                     [](const auto& a, const auto& b) { return a.number < b.number; });
  }

  void add_mbr_partition(std::string_view sector, std::size_t at, int number, std::uint64_t start) {
    PartitionFacts partition;
    partition.number = number;
    partition.type = fmt::format("{:02x}", little_endian<std::uint8_t>(sector, at + 4));
    partition.guid = fmt::format("{}-{:02x}", facts_.id, number);
    partition.attributes = little_endian<std::uint8_t>(sector, at) == 0x80 ? 1 : 0;
    partition.start = {start * facts_.sector_size};
    partition.size = {std::uint64_t{little_endian<std::uint32_t>(sector, at + 12)} *
                      facts_.sector_size};
    if (!is_within(partition.start.count, partition.size.count, disk_.size().count)) {
      problem("partition {} reaches past the disk's end", number);
    }
    facts_.partitions.push_back(std::move(partition));
  }

  /// Logical partitions are a list of sectors that look like an MBR: the first entry is the
  /// partition, from that sector on, the second the next sector, from the extended partition on.
  void read_extended(std::uint64_t extended) {
    std::uint64_t here = extended;
    for (int n = 0; n < kMostLogical; ++n) {
      if (!is_within(here * facts_.sector_size, kSector0, disk_.size().count)) {
        return problem("the list of logical partitions leaves the disk");
      }
      const std::string sector = read_text(disk_, here * facts_.sector_size, kSector0);
      if (!sector.ends_with("\x55\xaa")) {
        return problem("the list of logical partitions is broken in sector {}", here);
      }
      if (little_endian<std::uint8_t>(sector, kMbrEntries + 4) != 0) {
        add_mbr_partition(sector, kMbrEntries, next_logical_++,
                          here + little_endian<std::uint32_t>(sector, kMbrEntries + 8));
      }
      const std::uint64_t next = little_endian<std::uint32_t>(sector, kMbrEntries + 16 + 8);
      if (next == 0) return;
      here = extended + next;
    }
    problem("there are more than {} logical partitions, or they go round in circles", kMostLogical);
  }

  void check_partitions() {
    std::vector<const PartitionFacts*> sorted;
    for (const PartitionFacts& partition : facts_.partitions) {
      const bool extended =
          facts_.kind == TableKind::mbr &&
          (partition.type == "05" || partition.type == "0f" || partition.type == "85");
      if (!extended && partition.size.count > 0) sorted.push_back(&partition);
    }
    std::stable_sort(sorted.begin(), sorted.end(),
                     [](const auto* a, const auto* b) { return a->start < b->start; });
    for (std::size_t i = 1; i < sorted.size(); ++i) {
      const PartitionFacts& before = *sorted[i - 1];
      if (sorted[i]->start.count - before.start.count < before.size.count) {
        problem("partitions {} and {} overlap", before.number, sorted[i]->number);
      }
    }
  }

  const BlockSource& disk_;
  DiskFacts facts_;
  GptHeaderFacts used_;
  std::uint32_t entry_size_ = 0;
  int next_logical_ = 5;
};

}  // namespace

bool DiskFacts::has_boot_code() const {
  return boot_sector.substr(0, kBootCode).find_first_not_of('\0') != std::string::npos;
}

DiskFacts read_disk_facts(const BlockSource& disk, std::uint32_t sector_size) {
  return TableReader(disk, sector_size).read();
}

}  // namespace composer::inspect
