// What an Assembly needs of this machine, asked before the first slow step.

#include <algorithm>
#include <fmt/format.h>
#include <string>

#include "composer/base/file_descriptor.h"
#include "composer/disk/assembly.h"
#include "composer/disk/existing_filesystem.h"
#include "composer/disk/filesystem.h"
#include "composer/error.h"

namespace composer::disk {
namespace {

/// Whether /proc/filesystems lists `name`: one per line, `nodev` and a tab before those without a
/// device.
bool kernel_has(std::string_view name) {
  const std::string text = "\n" + read_file("/proc/filesystems");
  return text.find(fmt::format("\t{}\n", name)) != std::string::npos;
}

bool is_mounted_here(FilesystemType type) {
  return type != FilesystemType::vfat && type != FilesystemType::swap;
}

bool kernel_can_mount(FilesystemType type) {
  const std::string_view name = kernel_name(type);
  if (kernel_has(name)) return true;
  if (host::find_program("modprobe").empty()) return false;
  SilentProgress silent;
  (void)host::CommandRunner(silent).run({.arguments = {"modprobe", "-q", std::string(name)}});
  return kernel_has(name);
}

}  // namespace

std::vector<host::Tool> required_tools(const PlannedDisk& layout) {
  std::vector<host::Tool> tools;
  for (const PlannedPartition& partition : layout.partitions) {
    if (!partition.filesystem) continue;
    for (const host::Tool& tool : partition.base ? existing_filesystem_tools(partition)
                                                 : filesystem_tools(partition.filesystem->type)) {
      const bool listed = std::any_of(tools.begin(), tools.end(), [&](const host::Tool& other) {
        return other.program == tool.program;
      });
      if (!listed) tools.push_back(tool);
    }
  }
  return tools;
}

void require_filesystems(const PlannedDisk& layout) {
  std::vector<Problem> problems;
  for (const PlannedPartition& partition : layout.partitions) {
    if (!partition.filesystem || !is_mounted_here(partition.filesystem->type) ||
        kernel_can_mount(partition.filesystem->type)) {
      continue;
    }
    const std::string_view name = kernel_name(partition.filesystem->type);
    problems.push_back(
        {fmt::format("this machine's kernel cannot mount {}, needed to fill partition '{}'", name,
                     partition.label),
         {},
         {},
         fmt::format("build where 'modprobe {}' works, or use another filesystem", name)});
  }
  if (!problems.empty()) throw Error(ErrorKind::host, std::move(problems));
}

}  // namespace composer::disk
