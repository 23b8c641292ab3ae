#include <algorithm>
#include <fmt/format.h>

#include "composer/tree/root_files.h"
#include "composer/tree/steps/steps.h"

// /etc/fstab by UUID: the names of devices differ between Hyper-V's generations, Azure's sizes and
// QEMU, the UUIDs do not.

namespace composer::tree::fstab {
namespace {

std::string_view type_name(FilesystemType type) {
  switch (type) {
    case FilesystemType::ext4:
      return "ext4";
    case FilesystemType::xfs:
      return "xfs";
    case FilesystemType::btrfs:
      return "btrfs";
    case FilesystemType::vfat:
      return "vfat";
    case FilesystemType::swap:
      return "swap";
  }
  return "auto";
}

/// @param more  Options that are ours, not the author's.
std::string options_of(const std::vector<std::string>& asked,
                       const std::vector<std::string>& more) {
  const bool has_defaults = std::find(asked.begin(), asked.end(), "defaults") != asked.end();
  std::string text = has_defaults ? "" : "defaults";
  for (const auto* options : {&asked, &more}) {
    for (const std::string& option : *options) text += (text.empty() ? "" : ",") + option;
  }
  return text;
}

/// One mount of a filesystem: itself, or one of its subvolumes.
struct Mounted {
  std::string_view path;
  std::string options;
};

std::vector<Mounted> mounts_of(const PlannedPartition& partition) {
  const PlannedFilesystem& filesystem = *partition.filesystem;
  std::vector<Mounted> mounts;
  const auto add = [&](const std::string& path, const std::vector<std::string>& asked,
                       std::vector<std::string> more) {
    if (path.empty()) return;
    if (!filesystem.compression.empty()) more.push_back("compress=" + filesystem.compression);
    // A filesystem is made larger through any one of its mounts; systemd-growfs(8).
    if (partition.grow && mounts.empty()) more.emplace_back("x-systemd.growfs");
    mounts.push_back({path, options_of(asked, more)});
  };
  add(filesystem.mount, filesystem.mount_options, {});
  for (const PlannedSubvolume& subvolume : filesystem.subvolumes) {
    add(subvolume.mount, subvolume.mount_options, {"subvol=/" + subvolume.name});
  }
  return mounts;
}

// fsck has nothing to do for xfs, btrfs and swap. The ESP is left alone as well: Azure Linux's own
// line has 0 there, and a machine whose ESP is damaged should still start.
int pass_of(const PlannedPartition& partition, std::string_view mount) {
  const FilesystemType type = partition.filesystem->type;
  if (type != FilesystemType::ext4 && type != FilesystemType::vfat) return 0;
  if (partition.type == PartitionType::esp) return 0;
  return mount == "/" ? 1 : 2;
}

// fstab(5): blanks and backslashes in a field are written in octal.
std::string escaped(std::string_view field) {
  std::string text;
  for (const char c : field) {
    if (c == ' ' || c == '\t' || c == '\n' || c == '\\') {
      text += fmt::format("\\{:03o}", static_cast<unsigned>(c));
    } else {
      text += c;
    }
  }
  return text;
}

std::vector<std::string> lines(const Plan& plan) {
  struct Line {
    std::string mount, text;
  };
  std::vector<Line> found;
  for (const PlannedPartition& partition : plan.disk.partitions) {
    if (!partition.filesystem) continue;
    const PlannedFilesystem& filesystem = *partition.filesystem;
    if (filesystem.type == FilesystemType::swap) {
      found.push_back({"~", fmt::format("UUID={} none swap {} 0 0", filesystem.uuid,
                                        escaped(options_of(filesystem.mount_options, {})))});
      continue;
    }
    for (const Mounted& mounted : mounts_of(partition)) {
      found.push_back({std::string(mounted.path),
                       fmt::format("UUID={} {} {} {} 0 {}", filesystem.uuid, escaped(mounted.path),
                                   type_name(filesystem.type), escaped(mounted.options),
                                   pass_of(partition, mounted.path))});
    }
  }
  // By mount point, so that a parent comes before what is mounted in it; swap comes last.
  std::stable_sort(found.begin(), found.end(),
                   [](const Line& a, const Line& b) { return a.mount < b.mount; });
  std::vector<std::string> texts;
  for (Line& line : found) texts.push_back(std::move(line.text));
  return texts;
}

}  // namespace

bool wanted(const Plan& plan) {
  return !lines(plan).empty();
}

std::vector<std::string> describe(const Plan& plan) {
  std::vector<std::string> texts;
  for (const std::string& line : lines(plan)) texts.push_back("write to /etc/fstab: " + line);
  return texts;
}

void apply(const Plan& plan, Root& root, Progress&) {
  std::string text;
  for (const std::string& line : lines(plan)) text += line + "\n";
  write_with_parents(root, "/etc/fstab", text);
  for (const PlannedPartition& partition : plan.disk.partitions) {
    if (!partition.filesystem || partition.filesystem->type == FilesystemType::swap) continue;
    for (const Mounted& mounted : mounts_of(partition)) {
      root.make_directories(mounted.path, {0755, 0, 0});
    }
  }
}

}  // namespace composer::tree::fstab
