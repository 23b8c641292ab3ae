#pragma once

#include <filesystem>

#include "composer/base/file_descriptor.h"
#include "composer/units.h"

namespace composer::mount {

enum class Access { read_only, read_write };

/// A range of a file as a block device. Bound with LO_FLAGS_AUTOCLEAR: the kernel frees the device
/// when its last user lets go, so that even SIGKILL leaves none behind. Partitions are never
/// scanned: each range is a device of its own.
class LoopDevice {
 public:
  /// Binds `size` bytes of `file` from `offset` to a free loop device.
  ///
  /// @param file  Open for what `access` needs; it may be closed afterwards.
  /// @param offset, size  Multiples of 512 bytes, within the file; `size` is not zero.
  /// @throws Error  of kind usage never, of kind host when there are no loop devices or no right to
  ///                them, of kind build otherwise.
  LoopDevice(int file, Bytes offset, Bytes size, Access access);
  LoopDevice(LoopDevice&&) noexcept = default;
  LoopDevice& operator=(LoopDevice&&) noexcept = default;
  ~LoopDevice() = default;  // The kernel clears the device when the descriptor is closed.

  /// `/dev/loopN`.
  const std::filesystem::path& path() const { return path_; }
  /// The open device.
  int fd() const { return fd_.get(); }

  /// Writes what the kernel still holds to the file. Nothing is flushed to the medium: that is for
  /// the one who finishes the file.
  /// @throws Error  when a write failed.
  void write_back() const;

  /// For a file that is written beside the device, from now until `show`: asks udev not to look at
  /// the device (https://systemd.io/BLOCK_DEVICE_LOCKING/).
  void hide() const;
  /// Forgets what was read through the device before.
  /// @throws Error  when the kernel does not.
  void show() const;

  /// Writes back, frees the device and makes sure that it is free.
  /// @throws Error  when a write failed, or somebody keeps the device busy (waits for 5 s).
  void close();

 private:
  std::filesystem::path path_;
  FileDescriptor fd_;
  Access access_;
};

}  // namespace composer::mount
