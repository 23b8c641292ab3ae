#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "composer/base/file_descriptor.h"

namespace composer::rpm {

/// A package as librpm takes it, in memory that nobody can change, its payload no longer
/// compressed: lead and headers byte for byte, then a Zstandard frame of blocks that are stored as
/// they are (RFC 8878, 3.1.1.2).
struct StoredPackage {
  FileDescriptor memory;   ///< Sealed.
  std::uint64_t size = 0;  ///< Bytes of the payload.
};

/// @param package  An .rpm file, its payload checked already; where it stands does not matter.
/// @param most     Bytes.
/// @returns  Nothing for a payload that is not compressed by zstd, is damaged, or is larger than
///           `most`: librpm reads the file itself, and says what is wrong with it.
std::optional<StoredPackage> store_payload(const FileDescriptor& package, std::uint64_t most);

/// Decompresses packages on a thread of its own while librpm installs those before them. librpm
/// does that in one thread, between scriptlets and the writing of files.
class PayloadAhead {
 public:
  /// Bytes of what is decompressed and not yet installed, from which on no further package is
  /// begun, and of the largest package; so less than twice that is held. Memory of the machine (a
  /// memfd), not of a process.
  static constexpr std::uint64_t kMostHeld = std::uint64_t{48} << 20;
  /// Of how many packages: each is a descriptor, of which there are often 1024.
  static constexpr std::size_t kMostPackages = 64;

  /// @param open  A package file by its number; called on the thread. What it throws is as if the
  ///              package could not be decompressed.
  explicit PayloadAhead(std::function<FileDescriptor(std::size_t)> open);
  PayloadAhead(const PayloadAhead&) = delete;
  PayloadAhead& operator=(const PayloadAhead&) = delete;
  ~PayloadAhead();

  /// Begins. Once.
  /// @param order  Numbers of packages, each at most once, in the order of their installation.
  void begin(const std::vector<std::size_t>& order);
  /// The package, opened anew, when it is ready. Never waits: else the caller takes the file.
  FileDescriptor take(std::size_t package) const;
  /// This package's installation has begun: what was before it is done.
  void begun(std::size_t package);
  /// Waits until all is decompressed that may be held. For tests.
  void settle();

 private:
  void run();
  bool is_full() const { return held_ >= kMostHeld || ready_.size() >= kMostPackages; }

  std::function<FileDescriptor(std::size_t)> open_;
  std::vector<std::size_t> order_;
  std::map<std::size_t, std::size_t> places_;  ///< Of packages in `order_`.
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::size_t, StoredPackage> ready_;  ///< By place.
  std::uint64_t held_ = 0;
  std::size_t place_ = 0;  ///< Of the package that is installed.
  bool finished_ = false;  ///< The thread has done all.
  bool stopped_ = false;   ///< It is to end.
  std::thread thread_;
};

}  // namespace composer::rpm
