#include "composer/plan/decide_base.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sstream>
#include <string>

#include "composer/plan/decide.h"
#include "composer/plan/decide_security.h"
#include "composer/plan/filesystem_limits.h"
#include "composer/plan/layout.h"
#include "composer/plan/layout_rules.h"

namespace composer {
namespace {

constexpr std::size_t kMbrPartitions = 4, kGptPartitions = 128;
constexpr Bytes kMbrEnd = TiB(2);

Bytes end_of(const PlannedPartition& partition) {
  return partition.start + partition.size;
}

bool is_mounted_at(const PlannedPartition& partition, std::string_view path) {
  if (!partition.filesystem) return false;
  const auto& subvolumes = partition.filesystem->subvolumes;
  return partition.filesystem->mount == path ||
         std::any_of(subvolumes.begin(), subvolumes.end(),
                     [&](const PlannedSubvolume& one) { return one.mount == path; });
}

class Planner {
 public:
  Planner(const PlannedDisk& before, const BaseRequest& request, Architecture arch,
          std::string_view seed)
      : request_(request), arch_(arch), seed_(seed), disk_(before) {}

  PlannedDisk plan() {
    plan_size();
    if (request_.new_uuids) identify();
    add_partitions();
    problems_.throw_if_any();
    place();
    problems_.throw_if_any();
    return std::move(disk_);
  }

 private:
  void plan_size() {
    const Bytes before = disk_.size;
    // Azure takes no other; the backup of a GPT moves along.
    disk_.size = round_up(before, kPartitionGrain);
    if (!request_.disk_size) return;
    const Bytes asked = **request_.disk_size;
    if (asked < before) {
      problems_.report(request_.disk_size->at,
                       fmt::format("the image's disk has {}, and cannot become smaller: {}",
                                   to_text(before), to_text(asked)),
                       "leave 'disk_size' out, or make it larger");
    } else if (asked.count % kPartitionGrain.count != 0) {
      problems_.report(
          request_.disk_size->at,
          fmt::format("the disk's size of {} bytes is not a whole number of MiB", asked.count));
    } else {
      disk_.size = asked;
    }
  }

  void identify() {
    disk_.id = planned_disk_id(disk_.table, seed_);
    for (PlannedPartition& partition : disk_.partitions) {
      // Labels of others need not be unique; numbers are.
      const std::string name = fmt::format("{}:{}", partition.number, partition.label);
      partition.uuid = planned_partition_uuid(disk_, name, partition.number, seed_);
      if (!partition.filesystem) continue;
      partition.filesystem->uuid = planned_filesystem_uuid(partition.filesystem->type, name, seed_);
    }
  }

  void add_partitions() {
    DiskRequest added;
    added.table.value = disk_.table;
    added.partitions = request_.partitions;
    check_filesystems(added, problems_);
    const std::size_t most =
        disk_.table == PartitionTableType::gpt ? kGptPartitions : kMbrPartitions;
    int number = 0;
    for (const PlannedPartition& partition : disk_.partitions) {
      number = std::max(number, partition.number);
    }
    for (const PartitionRequest& request : request_.partitions) {
      check_against_base(request);
      if (static_cast<std::size_t>(++number) > most) {
        problems_.report(request.at, fmt::format("partition '{}' is one too many: the table has "
                                                 "room for {}",
                                                 *request.label, most));
        return;
      }
      made_.push_back(plan_partition(request, number, disk_, arch_, seed_));
    }
  }

  void check_against_base(const PartitionRequest& request) {
    for (const PlannedPartition& partition : disk_.partitions) {
      if (partition.label == *request.label) {
        problems_.report(request.label.at,
                         fmt::format("the image has a partition '{}' already", *request.label),
                         "give it another label");
      }
      if (!request.filesystem) continue;
      if (const auto& mount = request.filesystem->mount;
          mount && is_mounted_at(partition, **mount)) {
        problems_.report(mount->at, fmt::format("the image mounts partition '{}' at '{}' already",
                                                partition.label, **mount));
      }
      for (const SubvolumeRequest& subvolume : request.filesystem->subvolumes) {
        if (!subvolume.mount || !is_mounted_at(partition, **subvolume.mount)) continue;
        problems_.report(subvolume.mount->at,
                         fmt::format("the image mounts partition '{}' at '{}' already",
                                     partition.label, **subvolume.mount));
      }
    }
  }

  /// The last partition, where it is the one that `grow` names.
  PlannedPartition* growing() {
    if (!request_.grow || disk_.partitions.empty()) return nullptr;
    const std::string& name = **request_.grow;
    const auto is_named = [&](const PlannedPartition& partition) {
      return partition.label == name || is_mounted_at(partition, name);
    };
    PlannedPartition& last = disk_.partitions.back();
    if (is_named(last)) {
      if (last.filesystem && last.filesystem->type != FilesystemType::vfat) return &last;
      problems_.report(
          request_.grow->at,
          fmt::format("partition '{}' cannot grow: it holds no ext4, xfs, btrfs or swap",
                      last.label));
      return nullptr;
    }
    const bool is_there = std::any_of(disk_.partitions.begin(), disk_.partitions.end(), is_named);
    std::vector<std::string> labels;
    for (const PlannedPartition& partition : disk_.partitions) labels.push_back(partition.label);
    problems_.report(request_.grow->at,
                     is_there
                         ? fmt::format("partition '{}' cannot grow: '{}' follows it on the disk",
                                       name, last.label)
                         : fmt::format("the image has no partition '{}'", name),
                     is_there ? fmt::format("only the last partition can: '{}'", last.label)
                              : fmt::format("it has: {}", fmt::join(labels, ", ")));
    return nullptr;
  }

  /// Sizes of what is added; `rest` is what must be there at least.
  Bytes needed(std::size_t i) const {
    const PartitionRequest& request = request_.partitions[i];
    if (request.size) return **request.size;
    const Bytes filesystem =
        request.filesystem ? smallest_filesystem(*request.filesystem->type) : kPartitionGrain;
    return std::max(filesystem, request.minimum_size ? **request.minimum_size : kPartitionGrain);
  }

  void place() {
    const bool gpt = disk_.table == PartitionTableType::gpt;
    Bytes end = gpt ? disk_.size - kPartitionGrain : disk_.size;
    if (!gpt) end = std::min(end, kMbrEnd);
    const Bytes last_end =
        disk_.partitions.empty() ? kPartitionGrain : end_of(disk_.partitions.back());
    Bytes start = round_up(last_end, kPartitionGrain), total;
    for (std::size_t i = 0; i < made_.size(); ++i) total += needed(i);
    if (!made_.empty() && (start > end || total > end - start)) {
      problems_.report(
          request_.partitions.front().at,
          fmt::format("the partitions that are added need {}, and {} is left behind "
                      "the last one",
                      to_text(total), to_text(start > end ? Bytes{0} : end - start)),
          fmt::format("write 'disk_size: {} MiB' or more",
                      (start + total + (gpt ? kPartitionGrain : Bytes{0})).count >> 20));
      return;
    }
    if (PlannedPartition* last = growing()) {
      const Bytes until = end - total;
      const Bytes from = last->start;
      if (until > end_of(*last)) {
        // Whole MiB at its end; its start stays where it is.
        last->size = Bytes{until.count / kPartitionGrain.count * kPartitionGrain.count} - from;
        start = end_of(*last);
      } else if (!request_.disk_size) {
        problems_.report(
            request_.grow->at,
            fmt::format("there is no room behind partition '{}' that it could take", last->label),
            "give the disk a larger 'disk_size'");
      }
    }
    for (std::size_t i = 0; i < made_.size(); ++i) {
      made_[i].start = start;
      made_[i].size = request_.partitions[i].size ? needed(i) : end - start;
      start = end_of(made_[i]);
      disk_.partitions.push_back(std::move(made_[i]));
    }
  }

  const BaseRequest& request_;
  Architecture arch_;
  std::string_view seed_;
  PlannedDisk disk_;
  std::vector<PlannedPartition> made_;
  Diagnostics problems_;
};

/// `line` with other identities for those that partitions had.
std::string with_new_identities(std::string line, const PlannedDisk& disk) {
  const auto replace = [&](const std::string& was, const std::string& is) {
    if (was.empty() || was == is) return;
    for (auto at = line.find(was); at != std::string::npos; at = line.find(was, at + is.size())) {
      line.replace(at, was.size(), is);
    }
  };
  for (const PlannedPartition& partition : disk.partitions) {
    if (!partition.base) continue;
    replace(partition.base->uuid, partition.uuid);
    if (partition.filesystem) {
      replace(partition.base->filesystem_uuid, partition.filesystem->uuid);
    }
  }
  return line;
}

}  // namespace

PlannedDisk plan_base_disk(const PlannedDisk& before, const BaseRequest& request, Architecture arch,
                           std::string_view seed) {
  return Planner(before, request, arch, seed).plan();
}

PlannedBoot plan_base_boot(const PlannedBoot& before, const BootRequest& request,
                           const PlannedDisk& disk) {
  const bool packaged = before.loader == Loader::uki && before.uki == UkiSource::packaged;
  if (packaged && !request.kernel_arguments.empty()) {
    throw Error(ErrorKind::usage,
                Problem{.message = "the image starts a unified kernel image of a package, whose "
                                   "command line cannot be changed",
                        .at = request.kernel_arguments.front().at,
                        .hint = "remove 'kernel_arguments'"});
  }
  if (packaged && request.initramfs) {
    throw Error(ErrorKind::usage,
                Problem{.message = "the image starts a unified kernel image of a package, which "
                                   "brings its own initramfs",
                        .at = request.initramfs->at,
                        .hint = "remove 'initramfs'"});
  }
  PlannedBoot boot = before;
  boot.kernel_command_line = with_new_identities(before.kernel_command_line, disk);
  std::istringstream words(boot.kernel_command_line);
  std::vector<std::string> arguments;
  for (std::string word; words >> word;) arguments.push_back(word);
  for (const auto& argument : request.kernel_arguments) {
    // What is said twice is meant once; of two values the kernel takes the last.
    if (std::find(arguments.begin(), arguments.end(), *argument) == arguments.end()) {
      arguments.push_back(*argument);
    }
  }
  boot.kernel_command_line = fmt::format("{}", fmt::join(arguments, " "));
  if (request.initramfs) {
    boot.initramfs = request.initramfs->value;
    if (boot.initramfs == InitramfsMaker::systemd && has_fips(boot)) {
      throw Error(ErrorKind::usage,
                  Problem{.message = "'initramfs: systemd' for an image in FIPS mode, whose checks "
                                     "of the kernel are a module of dracut",
                          .at = request.initramfs->at,
                          .hint = "write 'initramfs: dracut'"});
    }
  }
  if (request.timeout_seconds) boot.timeout_seconds = request.timeout_seconds->value;
  if (request.serial_console) boot.serial_console = request.serial_console->value;
  for (const PlannedPartition& partition : disk.partitions) {
    if (is_mounted_at(partition, "/")) boot.root_argument = root_argument(*partition.filesystem);
  }
  return boot;
}

bool changes_boot(const Blueprint& blueprint, const Plan& plan) {
  const BootRequest& boot = blueprint.boot;
  const SystemRequest& system = blueprint.system;
  const bool packages =
      !plan.base->remove.empty() ||
      std::any_of(plan.packages.begin(), plan.packages.end(), [](const PlannedPackage& package) {
        return package.reason != PackageReason::base;
      });
  return packages || blueprint.base->new_uuids || !boot.kernel_arguments.empty() ||
         boot.initramfs || boot.timeout_seconds || boot.serial_console || system.fips ||
         system.keymap || !plan.system.modules_load.empty() || !plan.system.modules_deny.empty() ||
         !plan.system.module_options.empty();
}

}  // namespace composer
