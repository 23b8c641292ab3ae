#pragma once

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "composer/base/file_descriptor.h"
#include "composer/inspect/block_source.h"

#include "tests/support/scratch_folder.h"

namespace composer::test {

/// Runs a command line that a test writes itself; anything but status 0 fails the test.
inline void shell(const std::string& command) {
  INFO(command);
  REQUIRE(std::system((command + " >/dev/null 2>&1").c_str()) == 0);
}

inline std::string bytes_of(const std::filesystem::path& path) {
  return read_file(path);
}

inline void write_bytes(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

/// Numbers that do not compress well and are the same each time.
inline std::string noise(std::size_t size, std::uint32_t seed) {
  std::string bytes(size, '\0');
  for (char& c : bytes) {
    seed = seed * 1664525 + 1013904223;
    c = static_cast<char>(seed >> 24);
  }
  return bytes;
}

inline std::string whole(const inspect::BlockSource& disk) {
  return inspect::read_text(disk, 0, disk.size().count);
}

/// A folder of a test's own, with its paths as text for command lines.
struct Scratch {
  std::filesystem::path operator/(const std::string& name) const { return folder.path() / name; }
  std::string text(const std::string& name) const { return (folder.path() / name).string(); }
  ScratchFolder folder;
};

}  // namespace composer::test
