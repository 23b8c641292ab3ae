#include "composer/plan/written_space.h"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "composer/plan/size_estimate.h"

namespace composer {
namespace {

/// Headers are hostile: no sum of sizes gets larger than this, so that none overflows.
constexpr Bytes kMost = TiB(1 << 20);
/// Of every filesystem that packages are installed into: docs/storage.md.
constexpr Bytes kBlock = KiB(4);
constexpr std::size_t kShown = 5;

Bytes sum(Bytes a, Bytes b) {
  return std::min(std::min(a, kMost) + std::min(b, kMost), kMost);
}

bool lies_in(std::string_view path, std::string_view directory) {
  if (directory == "/") return true;
  return path.starts_with(directory) &&
         (path.size() == directory.size() || path[directory.size()] == '/');
}

/// Where a path really is: in Azure Linux these four are links into /usr.
std::string merged(const std::string& path) {
  for (const std::string_view link : {"/bin", "/lib", "/lib64", "/sbin"}) {
    if (lies_in(path, link)) return "/usr" + path;
  }
  return path;
}

/// `/usr/lib` for `/usr/lib/modules/6.12/vmlinuz`; `/etc` for `/etc/passwd`.
std::string two_levels(const std::string& path) {
  const std::size_t first = path.find('/', 1);
  if (first == std::string::npos) return "/";
  const std::size_t second = path.find('/', first + 1);
  return path.substr(0, second == std::string::npos ? first : second);
}

/// Whether the file is one of those that the plan leaves out.
bool left_out(const PlannedInstallation& installation, const rpm::PackagedFile& file) {
  if (!installation.documentation && file.documentation) return true;
  if (!installation.locales || file.languages.empty()) return false;
  return std::none_of(file.languages.begin(), file.languages.end(),
                      [&](const std::string& language) {
                        const auto& kept = *installation.locales;
                        return std::find(kept.begin(), kept.end(), language) != kept.end();
                      });
}

/// What is written into one partition.
struct Load {
  Bytes needed;
  std::map<std::string, Bytes> directories, packages;

  void add(Bytes size, const std::string& directory, const std::string& package) {
    needed = sum(needed, size);
    Bytes& of_directory = directories[directory];
    of_directory = sum(of_directory, size);
    if (package.empty()) return;
    Bytes& of_package = packages[package];
    of_package = sum(of_package, size);
  }
};

class Loads {
 public:
  explicit Loads(const Plan& plan) : plan_(plan) {
    for (const PlannedPartition& partition : plan.disk.partitions) {
      if (!partition.filesystem || partition.filesystem->type == FilesystemType::swap) continue;
      add_mount(partition, partition.filesystem->mount);
      for (const PlannedSubvolume& subvolume : partition.filesystem->subvolumes) {
        add_mount(partition, subvolume.mount);
      }
    }
  }

  void add(const rpm::PackageContents& package) {
    for (const rpm::PackagedFile& file : package.files) {
      if (left_out(plan_.installation, file)) continue;
      const std::string path = merged(file.path);
      if (file.kind == rpm::PackagedFile::Kind::directory) {
        if (directories_.insert(path).second) write(path, kBlock, package.name);
      } else if (file.kind == rpm::PackagedFile::Kind::regular) {
        const Bytes size = round_up(std::min(file.size, kMost), kBlock);
        write(path, size, package.name);
        if (is_of_kernel(path)) {
          write("/boot" + path.substr(path.rfind('/')), size, {});  // The composer's copy.
          has_kernel_ = has_kernel_ || path.ends_with("/vmlinuz");
        }
      }
    }
  }

  /// What comes beside the packages' files.
  void add_generated() {
    write("/usr/lib/sysimage/rpm/rpmdb.sqlite", kGeneratedSpace, {});
    if (!has_kernel_) return;
    // Where both are in one place, the first is gone before the second is written.
    write("/var/tmp/initramfs", kInitramfsSpace, {});
    if (holder("/boot/initramfs") != holder("/var/tmp/initramfs")) {
      write("/boot/initramfs", kCompressedInitramfs, {});
    }
  }

  const Load& of(const PlannedPartition& partition) { return loads_[&partition]; }

 private:
  void add_mount(const PlannedPartition& partition, const std::string& path) {
    if (!path.empty()) mounts_.emplace(path, &partition);
  }

  static bool is_of_kernel(std::string_view path) {
    return path.starts_with("/usr/lib/modules/") &&
           (path.ends_with("/vmlinuz") || path.ends_with("/System.map") ||
            path.ends_with("/config"));
  }

  /// The partition that a path lies in.
  const PlannedPartition* holder(std::string_view path) const {
    // Backwards: a longer mount point comes after those that it begins with.
    for (auto mount = mounts_.rbegin(); mount != mounts_.rend(); ++mount) {
      if (lies_in(path, mount->first)) return mount->second;
    }
    return nullptr;
  }

  void write(const std::string& path, Bytes size, const std::string& package) {
    if (const PlannedPartition* partition = holder(path)) {
      loads_[partition].add(size, two_levels(path), package);
    }
  }

  const Plan& plan_;
  std::map<std::string, const PlannedPartition*> mounts_;
  std::map<const PlannedPartition*, Load> loads_;
  std::set<std::string> directories_;
  bool has_kernel_ = false;
};

std::string largest(std::string_view noun, const std::map<std::string, Bytes>& sizes) {
  std::vector<std::pair<std::string, Bytes>> sorted(sizes.begin(), sizes.end());
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  std::string text;
  for (std::size_t i = 0; i < std::min(sorted.size(), kShown); ++i) {
    text += fmt::format("{}{} {}", i == 0 ? "" : ", ", sorted[i].first, to_text(sorted[i].second));
  }
  return fmt::format("largest {}: {}", noun, text);
}

Bytes capacity_of(const PlannedFilesystem& filesystem, Bytes size) {
  const Bytes capacity = filesystem_capacity(filesystem.type, size);
  return filesystem.compression.empty() ? capacity : capacity * 2;
}

/// A size that holds what is needed, and an eighth of what was missing for the first update.
Bytes enough(const PlannedPartition& partition, Bytes needed) {
  const Bytes missing = needed - capacity_of(*partition.filesystem, partition.size);
  Bytes size = partition.size + missing + Bytes{missing.count / 8};
  // The filesystem takes a part of each growth: a few per cent, so that this soon ends.
  for (int i = 0; i < 64 && capacity_of(*partition.filesystem, size) < needed; ++i) {
    size += MiB(1) + Bytes{missing.count / 16};
  }
  return round_up(size, MiB(1));
}

const PartitionRequest* request_of(const DiskRequest& request, const std::string& label) {
  for (const PartitionRequest& partition : request.partitions) {
    if (*partition.label == label) return &partition;
  }
  return nullptr;
}

std::optional<Problem> problem_of(const PlannedPartition& partition, const Load& load,
                                  const DiskRequest& request) {
  const Bytes available = capacity_of(*partition.filesystem, partition.size);
  if (load.needed <= available) return std::nullopt;
  const bool same_text = to_text(load.needed) == to_text(available);
  const auto text = [&](Bytes size) {
    return same_text ? fmt::format("{} bytes", size.count) : to_text(size);
  };
  Problem problem;
  problem.message =
      fmt::format("partition '{}' needs {} for what is installed in it, and has room for {}",
                  partition.label, text(load.needed), text(available));
  problem.notes = {largest("directories", load.directories), largest("packages", load.packages)};
  const PartitionRequest* at = request_of(request, partition.label);
  if (at) problem.at = at->size ? at->size->at : at->at;
  problem.hint = fmt::format("give it {} MiB or more{}", enough(partition, load.needed).count >> 20,
                             at && !at->size ? ", by a larger disk" : "");
  return problem;
}

}  // namespace

void check_written_space(const Plan& plan, const DiskRequest& request,
                         std::span<const rpm::PackageContents> packages) {
  Loads loads(plan);
  for (const rpm::PackageContents& package : packages) loads.add(package);
  loads.add_generated();
  std::vector<Problem> problems;
  for (const PlannedPartition& partition : plan.disk.partitions) {
    if (!partition.filesystem || partition.filesystem->type == FilesystemType::swap) continue;
    if (auto problem = problem_of(partition, loads.of(partition), request)) {
      problems.push_back(*std::move(problem));
    }
  }
  if (!problems.empty()) throw Error(ErrorKind::usage, std::move(problems));
}

}  // namespace composer
