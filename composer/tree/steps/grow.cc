#include <algorithm>
#include <fmt/format.h>

#include "composer/error.h"
#include "composer/growth.h"
#include "composer/tree/root_files.h"
#include "composer/tree/steps/steps.h"

// The partition with `grow` takes the rest of the machine's disk at the first boot, and at every
// later one after the disk grew. The filesystem in it follows by `x-systemd.growfs` in /etc/fstab.

namespace composer::tree::grow {
namespace {

constexpr std::string_view kUnit = "/etc/systemd/system/grow-partition.service";
constexpr std::string_view kWanted =
    "/etc/systemd/system/local-fs.target.wants/grow-partition.service";
/// What makes the filesystems larger, and has to wait for the partition.
constexpr std::string_view kLater[] = {
    "/etc/systemd/system/systemd-growfs-root.service.d/grow-partition.conf",
    "/etc/systemd/system/systemd-growfs@.service.d/grow-partition.conf"};

const PlannedPartition* growing(const Plan& plan) {
  const auto& partitions = plan.disk.partitions;
  const auto found = std::find_if(partitions.begin(), partitions.end(),
                                  [](const PlannedPartition& partition) { return partition.grow; });
  return found == partitions.end() ? nullptr : &*found;
}

struct Definition {
  std::string path, text;
};

// systemd-repart takes definitions and partitions of one type for the same in their order, so each
// partition of the growing one's type has a definition; the others are told to keep their size.
// Partitions of a type without definitions are left alone. Source: repart.d(5).
std::vector<Definition> definitions(const Plan& plan, const PlannedPartition& partition) {
  std::vector<Definition> found;
  for (const PlannedPartition& other : plan.disk.partitions) {
    if (other.type_id != partition.type_id) continue;
    std::string text =
        fmt::format("# Partition '{}'.\n[Partition]\nType={}\n", other.label, other.type_id);
    if (&other == &partition) {
      text += fmt::format("SizeMinBytes={}\n", other.size.count);
    } else {
      text += fmt::format("SizeMinBytes={0}\nSizeMaxBytes={0}\n", other.size.count);
    }
    found.push_back({fmt::format("/etc/repart.d/{:03}.conf", other.number), std::move(text)});
  }
  return found;
}

/// Where the filesystem of the partition is found when the machine starts.
std::string_view mount_in(const PlannedFilesystem& filesystem) {
  if (!filesystem.mount.empty()) return filesystem.mount;
  for (const PlannedSubvolume& subvolume : filesystem.subvolumes) {
    if (!subvolume.mount.empty()) return subvolume.mount;
  }
  return {};
}

// Without an [Install] section, so that presets leave the link to it alone. growpart keeps its
// backup of the partition table in /run, which can be written to this early; its status 1 says that
// there is nothing to grow.
std::string unit(const PlannedPartition& partition) {
  return fmt::format(
      "[Unit]\n"
      "Description=Grow partition {0} to the end of the disk\n"
      "DefaultDependencies=no\n"
      "RequiresMountsFor={1}\n"
      "After=systemd-remount-fs.service\n"
      "Before=local-fs.target shutdown.target\n"
      "Conflicts=shutdown.target\n"
      "\n"
      "[Service]\n"
      "Type=oneshot\n"
      "RemainAfterExit=yes\n"
      "Environment=TMPDIR=/run\n"
      "ExecStart=/bin/sh -c 'part=$$(findmnt --noheadings --nofsroot --output SOURCE --mountpoint "
      "{1}) && disk=$$(readlink -f /sys/class/block/$${{part##*/}}/..) && "
      "{{ growpart /dev/$${{disk##*/}} {0}; [ $$? -le 1 ]; }}'\n",
      partition.number, mount_in(*partition.filesystem));
}

void require(const Root& root, std::string_view program, std::string_view package) {
  if (root.exists(program)) return;
  throw Error(
      ErrorKind::usage, fmt::format("a partition is to grow, and the image has no '{}'", program),
      fmt::format("add the package that holds it, such as '{}', to packages.install", package));
}

}  // namespace

bool wanted(const Plan& plan) {
  return growing(plan) != nullptr;
}

std::vector<std::string> describe(const Plan& plan) {
  const PlannedPartition& partition = *growing(plan);
  const std::string what =
      fmt::format("grow partition '{}' to the end of the disk at boot, by ", partition.label);
  std::vector<std::string> texts;
  if (growth_of(plan) == Growth::systemd_repart) {
    texts.push_back(what + "systemd-repart");
    for (const Definition& file : definitions(plan, partition)) {
      texts.push_back("write " + file.path);
    }
  } else {
    texts.push_back(what + "growpart");
    texts.push_back(fmt::format("write {}", kUnit));
  }
  return texts;
}

void apply(const Plan& plan, Root& root, Progress&) {
  const PlannedPartition& partition = *growing(plan);
  require(root, "/usr/lib/systemd/systemd-growfs", "systemd");
  if (growth_of(plan) == Growth::systemd_repart) {
    require(root, "/usr/bin/systemd-repart", "systemd-udev");
    for (const Definition& file : definitions(plan, partition)) {
      write_with_parents(root, file.path, file.text);
    }
    return;
  }
  require(root, "/usr/bin/growpart", "cloud-utils-growpart");
  require(root, "/usr/bin/awk", "gawk");  // growpart's own, which not every packaging requires.
  write_with_parents(root, kUnit, unit(partition));
  for (const std::string_view path : kLater) {
    write_with_parents(root, path,
                       "[Unit]\nWants=grow-partition.service\nAfter=grow-partition.service\n");
  }
  link_with_parents(root, "../grow-partition.service", kWanted);
}

}  // namespace composer::tree::grow
