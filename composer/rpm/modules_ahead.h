#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "composer/base/file_descriptor.h"
#include "composer/base/trace.h"
#include "composer/mount/contained_command.h"
#include "composer/progress.h"
#include "composer/units.h"

namespace composer::rpm {

/// Reads kernel modules out of packages on a thread of its own while librpm installs, so that
/// depmod finds them decompressed: most of its time is xz, on one core (docs/adr/0008).
///
/// What depmod sees then in place of the folder of modules is a copy in memory, under the same
/// names, without code; it looks at the bytes, not at names, to tell whether a module is
/// compressed (kmod, libkmod/libkmod-file.c). It is shown only where each module in the folder has
/// the size and the time that the packages say, and none is there beside them.
class ModulesAhead {
 public:
  /// Of all copies, in the machine's memory. What does not fit is read by depmod itself.
  static constexpr Bytes kMost = MiB(256);
  /// Of one module, compressed and not.
  static constexpr Bytes kLargestModule = MiB(64);

  /// @param open  A package file by its number; called on the thread. What it throws is as if the
  ///              package had no modules that can be read.
  explicit ModulesAhead(std::function<FileDescriptor(std::size_t)> open);
  ModulesAhead(const ModulesAhead&) = delete;
  ModulesAhead& operator=(const ModulesAhead&) = delete;
  /// Stops the thread.
  ~ModulesAhead();

  /// Begins. Once.
  void begin(std::vector<std::size_t> packages);

  /// Begins `depmod -a VERSION` in the root, contained as a scriptlet is; where the copies are not
  /// ready yet, when they are.
  /// @throws Error  when it cannot be started.
  void index(const std::filesystem::path& root, const std::string& version);
  /// Waits for it, and tells what it printed. @throws Error  when it failed.
  void finish(const std::filesystem::path& root, Progress& progress);

 private:
  /// A module's file, as a package has it and as it lies in the root.
  struct Seen {
    std::uint64_t size = 0;
    std::int64_t time = 0;  ///< Of its last change, in seconds since 1970.
    friend bool operator==(const Seen&, const Seen&) = default;
  };
  using Modules = std::map<std::string, Seen>;
  struct Folder {
    FileDescriptor memory;
    Modules modules;
  };
  /// depmod, for a kernel.
  struct Indexing {
    std::string version;
    std::unique_ptr<TraceSpan> span;
    std::unique_ptr<mount::ContainedCommand> command;
  };

  void run(const std::vector<std::size_t>& packages);
  void take(const FileDescriptor& package);
  void write(const std::string& content, int folder, const std::string& path);
  void start(const std::filesystem::path& root, const std::string& version);
  bool is_to_end() const;
  Folder& folder_of(const std::string& version, const std::string& name);
  /// @return  Whether all of it could be looked at, and was nothing but folders and files.
  static bool list(int folder, const std::string& path, int depth, Modules& into);
  void wait();

  std::function<FileDescriptor(std::size_t)> open_;
  std::map<std::pair<std::string, std::string>, Folder> folders_;  ///< By version and name.
  std::size_t modules_ = 0;                                        ///< That were copied.
  Bytes written_;
  std::vector<Indexing> begun_;
  std::vector<std::string> to_begin_;  ///< Kernels.
  std::atomic<bool> stopped_ = false;  ///< The thread is to end.
  std::atomic<bool> done_ = true;      ///< It has ended, or has never begun.
  std::thread thread_;
};

}  // namespace composer::rpm
