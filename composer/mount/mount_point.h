#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "composer/base/file_descriptor.h"
#include "composer/units.h"

namespace composer::mount {

/// Where something is mounted: `path` inside `root`. Links and `..` in `path` are resolved inside
/// `root`, so that what lies in a root cannot turn a mount on the host. The directory must exist.
struct MountTarget {
  std::filesystem::path root;  ///< A directory of the host, trusted.
  std::string path = "/";      ///< Absolute, inside `root`.
};

/// A mounted filesystem. Move-only; the destructor unmounts as well as it can, `close` makes sure.
class Mount {
 public:
  /// Mounts a filesystem.
  ///
  /// @param source   A block device, or any word for a filesystem without one (`tmpfs`).
  /// @param type     As in /proc/filesystems: `ext4`.
  /// @param options  mount(8)'s words, one each: `ro`, `nosuid`, `nodev`, `noexec`, `noatime`,
  ///                 `nosymfollow`; anything else goes to the filesystem as it is (`discard`,
  ///                 `size=1m`).
  /// @throws Error  `cannot mount ext4 '/dev/loop3' on 'work/root/boot': …` with what the kernel
  ///                has to say about it.
  Mount(const std::filesystem::path& source, const MountTarget& target, std::string_view type,
        const std::vector<std::string>& options = {});

  /// Shows a directory or file of the host (`source`, trusted) at `target`; `options` as above,
  /// without those of a filesystem. What is mounted below `source` is not shown.
  static Mount bind(const std::filesystem::path& source, const MountTarget& target,
                    const std::vector<std::string>& options = {});

  Mount(Mount&& other) noexcept;
  Mount& operator=(Mount&& other) noexcept;
  ~Mount();

  /// Where it is on the host: root + path, as asked for.
  const std::filesystem::path& path() const { return path_; }

  /// Tells the device below which blocks are unused (FITRIM), which punches holes in a file behind
  /// a loop device. Returns how many bytes were given back; zero where it is not supported.
  Bytes trim() const;

  /// Whether something else still uses the device after this: another mount of it.
  enum class Device { free, in_use };

  /// Unmounts, and waits until the kernel has let go of a device that is free then.
  /// @throws Error  when it is busy for longer than 5 s; it stays mounted then.
  void close(Device device = Device::free);

 private:
  Mount() = default;
  void attach(int mounted, const MountTarget& target, std::string_view what);
  void detach() noexcept;

  std::filesystem::path path_;
  std::string source_;     ///< The block device, or empty.
  FileDescriptor parent_;  ///< The directory that holds the mount point.
  std::string name_;       ///< The mount point's name in it.
  std::uint64_t id_ = 0;   ///< The kernel's number of this mount; zero when not mounted.
};

}  // namespace composer::mount
