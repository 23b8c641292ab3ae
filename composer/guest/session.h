#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "composer/progress.h"
#include "composer/root.h"

namespace composer::guest {

/// A small virtual machine of libguestfs that reads a disk image's filesystems with a kernel's own
/// drivers: for what nobody reads by hand (xfs, btrfs). The library is loaded when it is first
/// needed, so that the rest works without it. Nothing is written.
class Session {
 public:
  /// Starts the machine, which takes 10 seconds, without KVM up to a minute.
  /// @param format  `raw`, `vpc`, `vhdx` or `qcow2`: QEMU is never left to guess.
  /// @throws Error  of kind host when libguestfs or its appliance is not there.
  Session(const std::filesystem::path& image, const std::string& format, Progress& progress);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session();

  /// Mounts a partition (0: the whole disk) read-only.
  /// @param options  As of mount(8): `subvol=@`; may be empty.
  /// @return  The path in the machine under which its files are.
  /// @throws Error  when the kernel refuses.
  std::string mount(int partition, const std::string& type, const std::string& options);

  /// The names in a directory with their status. @throws Error  when it cannot be listed.
  std::map<std::string, FileStatus> list(const std::string& path);
  FileStatus status(const std::string& path);
  std::string read_link(const std::string& path);
  /// At most `most` bytes from `offset` on; fewer only at the file's end.
  std::string read(const std::string& path, std::uint64_t offset, std::size_t most);
  /// The extended attributes of the files of those names in a directory.
  std::map<std::string, ExtendedAttributes> xattrs(const std::string& directory,
                                                   const std::vector<std::string>& names);

 private:
  struct Machine;
  std::unique_ptr<Machine> machine_;
  int mounts_ = 0;
};

}  // namespace composer::guest
