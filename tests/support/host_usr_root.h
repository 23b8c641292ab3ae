#pragma once

#include <filesystem>
#include <fstream>
#include <sys/stat.h>

#include "composer/mount/mount_point.h"

#include "tests/support/scratch_folder.h"

namespace composer::test {

/// A root with the host's programs: /usr shown read-only, links to it, and a few files in /etc. For
/// root tests that run commands in a root.
class HostUsrRoot {
 public:
  HostUsrRoot() : tree_("tree", {scratch_.path()}, "tmpfs", {}) {
    std::filesystem::create_directories(path() / "usr");
    usr_.push_back(mount::Mount::bind("/usr", {path(), "/usr"}, {"ro"}));
    for (const char* name : {"bin", "sbin", "lib", "lib64"}) {
      std::filesystem::create_symlink(std::string("usr/") + name, path() / name);
    }
    for (const char* name : {"etc", "root", "var", "var/tmp"}) {
      std::filesystem::create_directory(path() / name);
    }
    std::ofstream(path() / "etc/passwd") << "root:x:0:0::/root:/bin/sh\n";
    std::ofstream(path() / "etc/group") << "root:x:0:\n";
  }

  const std::filesystem::path& path() const { return scratch_.path(); }

 private:
  ScratchFolder scratch_;
  mount::Mount tree_;
  std::vector<mount::Mount> usr_;
};

}  // namespace composer::test
