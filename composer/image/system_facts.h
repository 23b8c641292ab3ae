#pragma once

#include <string>
#include <vector>

namespace composer::image {

/// What outputs say of the installed system and only the root knows.
struct SystemFacts {
  struct Kernel {
    std::string version, path;
  };
  struct BootEntry {
    enum class Kind { config, unified_kernel };
    Kind kind = Kind::config;
    std::string path;  ///< In the root.
    std::string command_line, kernel;
  };

  std::string os_release;          ///< The content of /etc/os-release.
  std::vector<Kernel> kernels;     ///< Newest first.
  std::vector<BootEntry> entries;  ///< Of systemd-boot; none with another loader.
};

}  // namespace composer::image
