#include <algorithm>
#include <cctype>
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

/// @param all  Also of partitions that a base image has, whose lines are there.
std::vector<std::string> lines(const Plan& plan, bool all) {
  struct Line {
    std::string mount, text;
  };
  std::vector<Line> found;
  for (const PlannedPartition& partition : plan.disk.partitions) {
    if (!partition.filesystem || (partition.base && !all)) continue;
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

/// Identities of the base image that are other ones now.
std::vector<std::pair<std::string, std::string>> replaced(const Plan& plan) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const PlannedPartition& partition : plan.disk.partitions) {
    if (!partition.base) continue;
    const PlannedOrigin& was = *partition.base;
    if (was.uuid != partition.uuid) pairs.emplace_back(was.uuid, partition.uuid);
    if (!partition.filesystem || was.filesystem_uuid == partition.filesystem->uuid) continue;
    pairs.emplace_back(was.filesystem_uuid, partition.filesystem->uuid);
  }
  return pairs;
}

/// `text` with identities replaced, whatever the case of their letters: fstab(5) takes both.
std::string with_identities(std::string_view text,
                            const std::vector<std::pair<std::string, std::string>>& pairs) {
  const auto same = [](char a, char b) { return std::tolower(a) == std::tolower(b); };
  std::string out;
  while (!text.empty()) {
    const auto found = std::find_if(pairs.begin(), pairs.end(), [&](const auto& pair) {
      return text.size() >= pair.first.size() &&
             std::equal(pair.first.begin(), pair.first.end(), text.begin(), same);
    });
    out += found == pairs.end() ? std::string(1, text.front()) : found->second;
    text.remove_prefix(found == pairs.end() ? 1 : found->first.size());
  }
  return out;
}

}  // namespace

bool wanted(const Plan& plan) {
  return !lines(plan, !plan.base).empty() || !replaced(plan).empty();
}

std::vector<std::string> describe(const Plan& plan) {
  std::vector<std::string> texts;
  for (const auto& [was, is] : replaced(plan)) {
    texts.push_back(fmt::format("write in /etc/fstab: {} instead of {}", is, was));
  }
  for (const std::string& line : lines(plan, !plan.base)) {
    texts.push_back(fmt::format("{} /etc/fstab: {}", plan.base ? "add to" : "write to", line));
  }
  return texts;
}

void apply(const Plan& plan, Root& root, Progress&) {
  std::string text;
  if (plan.base) {
    text = with_identities(root.read("/etc/fstab").value_or(""), replaced(plan));
    if (!text.empty() && !text.ends_with('\n')) text += '\n';
  }
  for (const std::string& line : lines(plan, !plan.base)) text += line + "\n";
  write_with_parents(root, "/etc/fstab", text);
  for (const PlannedPartition& partition : plan.disk.partitions) {
    if (partition.base) continue;
    if (!partition.filesystem || partition.filesystem->type == FilesystemType::swap) continue;
    for (const Mounted& mounted : mounts_of(partition)) {
      root.make_directories(mounted.path, {0755, 0, 0});
    }
  }
}

}  // namespace composer::tree::fstab
