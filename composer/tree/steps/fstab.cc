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

std::string options_of(const PlannedFilesystem& filesystem) {
  const auto& asked = filesystem.mount_options;
  const bool has_defaults = std::find(asked.begin(), asked.end(), "defaults") != asked.end();
  std::string text = has_defaults ? "" : "defaults";
  for (const std::string& option : asked) text += (text.empty() ? "" : ",") + option;
  return text;
}

// fsck has nothing to do for xfs, btrfs and swap. The ESP is left alone as well: Azure Linux's own
// line has 0 there, and a machine whose ESP is damaged should still start.
int pass_of(const PlannedPartition& partition) {
  const FilesystemType type = partition.filesystem->type;
  if (type != FilesystemType::ext4 && type != FilesystemType::vfat) return 0;
  if (partition.type == PartitionType::esp) return 0;
  return partition.filesystem->mount == "/" ? 1 : 2;
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
    const bool swap = filesystem.type == FilesystemType::swap;
    if (filesystem.mount.empty() && !swap) continue;
    found.push_back(
        {swap ? "~" : filesystem.mount,
         fmt::format("UUID={} {} {} {} 0 {}", filesystem.uuid,
                     swap ? "none" : escaped(filesystem.mount), type_name(filesystem.type),
                     escaped(options_of(filesystem)), pass_of(partition))});
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
    if (partition.filesystem && !partition.filesystem->mount.empty()) {
      root.make_directories(partition.filesystem->mount, {0755, 0, 0});
    }
  }
}

}  // namespace composer::tree::fstab
