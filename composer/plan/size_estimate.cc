#include "composer/plan/size_estimate.h"

#include <algorithm>
#include <cerrno>
#include <fmt/format.h>
#include <sys/stat.h>
#include <vector>

namespace composer {
namespace {

/// Sizes in metadata are hostile: more than this is no package, and sums must not overflow.
constexpr Bytes kLargestPackage = TiB(1);

/// Source: e2fsprogs, ext2fs_default_journal_size, in blocks of 4 KiB.
Bytes ext4_journal(Bytes partition) {
  const std::uint64_t blocks = partition.count / 4096;
  if (blocks < 2048) return {0};
  if (blocks < 32768) return MiB(4);
  if (blocks < 256 * 1024) return MiB(16);
  if (blocks < 512 * 1024) return MiB(32);
  if (blocks < 4096 * 1024) return MiB(64);
  if (blocks < 8192 * 1024) return MiB(128);
  if (blocks < 16384 * 1024) return MiB(256);
  return blocks < 32768 * 1024 ? MiB(512) : GiB(1);
}

Bytes share(Bytes size, std::uint64_t part, std::uint64_t whole) {
  return {size.count / whole * part};
}

Bytes lost(FilesystemType type, Bytes partition) {
  switch (type) {
    case FilesystemType::ext4:
      // An inode of 256 bytes per 16 KiB, 1 % for root, the journal, and what the kernel holds back
      // for delayed allocation.
      return share(partition, 1, 64) + share(partition, 1, 100) + ext4_journal(partition) +
             std::min(MiB(16), share(partition, 1, 50));
    case FilesystemType::xfs:
      // The log, and reservations of each allocation group.
      return MiB(80) + share(partition, 1, 128);
    case FilesystemType::btrfs:
      // Two copies of the first metadata chunk.
      return MiB(17) + std::clamp(share(partition, 1, 20), MiB(32), MiB(256)) * 2;
    case FilesystemType::vfat:
      return share(partition, 1, 64);
    case FilesystemType::swap:
      return partition;
  }
  return {0};
}

/// Where the partition's filesystem and its subvolumes are mounted.
std::vector<std::string> mounts_of(const PlannedPartition& partition) {
  std::vector<std::string> mounts;
  if (!partition.filesystem) return mounts;
  if (!partition.filesystem->mount.empty()) mounts.push_back(partition.filesystem->mount);
  for (const PlannedSubvolume& subvolume : partition.filesystem->subvolumes) {
    if (!subvolume.mount.empty()) mounts.push_back(subvolume.mount);
  }
  return mounts;
}

/// Those of its mounts that packages write to.
std::vector<std::string> mounts_for_packages(const PlannedPartition& partition) {
  std::vector<std::string> mounts = mounts_of(partition);
  if (mounts.empty() || partition.filesystem->type == FilesystemType::vfat) return {};
  std::erase_if(mounts, [](const std::string& mount) {
    // Packages own nothing in these.
    return mount == "/home" || mount == "/srv" || mount == "/tmp" || mount.starts_with("/home/") ||
           mount.starts_with("/srv/");
  });
  return mounts;
}

const PartitionRequest* request_of(const DiskRequest& request, const std::string& label) {
  for (const PartitionRequest& partition : request.partitions) {
    if (*partition.label == label) return &partition;
  }
  return nullptr;
}

Bytes free_space(const std::filesystem::path& path) {
  std::error_code error;
  const std::filesystem::space_info space = std::filesystem::space(path, error);
  if (error) {
    throw system_error(fmt::format("cannot ask for the free space of '{}'", path.string()),
                       error.value());
  }
  return {space.available};
}

bool on_one_filesystem(const std::filesystem::path& a, const std::filesystem::path& b) {
  struct stat first {
  }, second{};
  return ::stat(a.c_str(), &first) == 0 && ::stat(b.c_str(), &second) == 0 &&
         first.st_dev == second.st_dev;
}

void require_space(const std::filesystem::path& path, Bytes needed, std::string_view what) {
  const Bytes available = free_space(path);
  if (available >= needed) return;
  throw Error(ErrorKind::host,
              fmt::format("{} needs about {} in '{}', where {} is free", what, to_text(needed),
                          path.string(), to_text(available)),
              "make room there, or choose a directory on a larger disk");
}

}  // namespace

Bytes filesystem_capacity(FilesystemType type, Bytes partition) {
  const Bytes gone = lost(type, partition);
  return gone < partition ? partition - gone : Bytes{0};
}

Bytes space_for_packages(const Plan& plan) {
  if (plan.packages.empty()) return {0};
  Bytes files;
  bool has_kernel = false;
  for (const PlannedPackage& package : plan.packages) {
    files += std::min(package.installed_size, kLargestPackage);
    has_kernel = has_kernel || package.name == "kernel" || package.name.starts_with("kernel-");
  }
  // Blocks of 4 KiB, directories: 5 to 11 % measured, with 16 and 40 KiB per file.
  return files + share(files, 1, 16) + kGeneratedSpace + (has_kernel ? kInitramfsSpace : Bytes{0});
}

void check_space(const Plan& plan, const DiskRequest& request) {
  const Bytes needed = space_for_packages(plan);
  Bytes capacity;
  std::vector<std::string> mounts;
  const PlannedPartition* root = nullptr;
  for (const PlannedPartition& partition : plan.disk.partitions) {
    const std::vector<std::string> here = mounts_for_packages(partition);
    if (here.empty()) continue;
    if (std::find(here.begin(), here.end(), "/") != here.end()) root = &partition;
    const Bytes room = filesystem_capacity(partition.filesystem->type, partition.size);
    // Compression halves what packages bring, more or less; who knows better asks for less.
    capacity += partition.filesystem->compression.empty() ? room : room * 2;
    for (const std::string& mount : here) mounts.push_back(fmt::format("'{}'", mount));
  }
  if (needed <= capacity || !root) return;
  std::sort(mounts.begin(), mounts.end());
  std::string where = mounts.front();
  for (std::size_t i = 1; i < mounts.size(); ++i) {
    where += (i + 1 == mounts.size() ? " and " : ", ") + mounts[i];
  }
  // Room for what is missing, for what the filesystem takes of it, and for the first update.
  const Bytes missing = needed - capacity;
  const Bytes better = round_up(root->size + missing + share(missing, 1, 8), MiB(1));
  Problem problem;
  problem.message = fmt::format("the packages need about {} on {}, which {} {}", to_text(needed),
                                where, mounts.size() == 1 ? "has" : "have", to_text(capacity));
  const PartitionRequest* at = request_of(request, root->label);
  if (at) problem.at = at->size ? at->size->at : at->at;
  problem.hint = fmt::format("give partition '{}' {} MiB or more{}", root->label,
                             better.count >> 20, at && !at->size ? ", by a larger disk" : "");
  throw Error(ErrorKind::usage, std::move(problem));
}

HostSpace space_for_build(const Plan& plan, bool one_filesystem) {
  // Superblocks, journals that were used, the ESP's tables: holes are not counted.
  const Bytes disk = space_for_packages(plan) + MiB(32);
  HostSpace space;
  space.work = disk;
  bool renamed = !one_filesystem;
  for (const PlannedOutput& output : plan.outputs) {
    const bool compressed = output.compression != Compression::none;
    const bool is_disk_itself = !compressed && (output.format == OutputFormat::raw ||
                                                output.format == OutputFormat::vhd_fixed);
    if (!is_disk_itself) {
      space.output += compressed ? share(disk, 1, 2) : disk;
    } else {
      // The last raw or fixed VHD is the disk that was made, renamed.
      if (renamed) space.output += disk;
      renamed = true;
    }
  }
  return space;
}

void check_free_space(const Plan& plan, const std::filesystem::path& work,
                      const std::filesystem::path& output) {
  const bool one = on_one_filesystem(work, output);
  const HostSpace space = space_for_build(plan, one);
  if (one) {
    require_space(output, space.work + space.output, "the build");
  } else {
    require_space(work, space.work, "the build");
    require_space(output, space.output, "the build's output");
  }
}

}  // namespace composer
