#pragma once

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

#include "composer/base/file_descriptor.h"
#include "composer/disk/assembly.h"
#include "composer/host/process.h"

// What the tests of assembled disks see of them, and of what they left on this machine.

namespace composer::test {

inline host::CommandOutput run(std::vector<std::string> arguments) {
  SilentProgress progress;
  return host::CommandRunner(progress).run({.arguments = std::move(arguments)});
}

inline std::string output_of(std::vector<std::string> arguments) {
  const host::CommandOutput output = run(std::move(arguments));
  INFO(output.standard_output << output.standard_error);
  CHECK(output.status == 0);
  return output.standard_output;
}

inline void write(const std::filesystem::path& path, std::string_view content) {
  std::filesystem::create_directories(path.parent_path());
  const FileDescriptor fd = open_file(path, O_WRONLY | O_CREAT | O_TRUNC);
  write_all(fd.get(), content, path.string());
}

/// Whether any loop device is bound to `file`, and whether anything below `folder` is mounted.
inline bool bound(const std::filesystem::path& file) {
  for (const auto& entry : std::filesystem::directory_iterator("/sys/block")) {
    std::ifstream stream(entry.path() / "loop" / "backing_file");
    std::string line;
    if (std::getline(stream, line) && line.starts_with(file.string())) return true;
  }
  return false;
}
/// The same, after the moment in which another program that looks at loop devices may hold one
/// open.
inline bool still_bound(const std::filesystem::path& file) {
  for (int i = 0; i < 200 && bound(file); ++i) ::usleep(50000);
  return bound(file);
}
inline bool mounted_below(const std::filesystem::path& folder) {
  return read_file("/proc/self/mounts").find(" " + folder.string()) != std::string::npos ||
         read_file("/proc/1/mounts").find(" " + folder.string()) != std::string::npos;
}

/// The bytes of one partition as a file of its own, for tools that know no offsets.
inline std::filesystem::path cut_out(const disk::Disk& disk, const PlannedPartition& partition,
                                     const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / (partition.label + ".img");
  output_of({"dd", "if=" + disk.path.string(), "of=" + path.string(), "bs=1M", "conv=sparse",
             fmt::format("skip={}", partition.start.count >> 20),
             fmt::format("count={}", partition.size.count >> 20)});
  return path;
}

}  // namespace composer::test
