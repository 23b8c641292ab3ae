#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <sys/types.h>
#include <vector>

#include "composer/base/file_descriptor.h"
#include "composer/root.h"

namespace composer::mount {

/// What a contained process gets: these descriptors as 0, 1 and 2, `kept` under their own numbers,
/// and nothing else that this process has open.
struct ContainedStreams {
  int input = -1, output = -1, error = -1;
  std::vector<int> kept;
};

/// A filesystem that is seen, read-only, where a directory of the root is.
struct ShownFolder {
  std::string path;  ///< Of the directory; none of it a link.
  int folder = -1;   ///< Mounted nowhere (new_filesystem.h). Afterwards it cannot be used again.
};

/// What a contained process finds in its root that is not of the root, for its time only.
struct ContainedSurroundings {
  RootNetwork network = RootNetwork::none;
  std::string program;   ///< What the file kRootProgram holds, unless empty.
  std::string resolver;  ///< What /etc/resolv.conf holds where there is a network.
  CloneRequests clones = CloneRequests::kernel;
  std::vector<ShownFolder> shown = {};
};

/// A copy of this process (fork) in a root and in mount, PID, IPC, UTS, network and cgroup
/// namespaces of its own, confined as docs/containment.md says. An init of ours is PID 1 inside; it
/// ends every process that is left when the main one ends, and all of them end with the process
/// that made this object, however that one ends. To be used by one thread, which must live on
/// until the end; other threads must not hold locks that `body` needs.
class ContainedProcess {
 public:
  /// @param body  What runs inside, as the main process; its result is the exit status. An Error
  ///              that leaves it is thrown by `wait`.
  /// @throws Error  when the namespaces or the root cannot be made.
  ContainedProcess(const std::filesystem::path& root, const ContainedStreams& streams,
                   const std::function<int()>& body,
                   const ContainedSurroundings& surroundings = {});
  ContainedProcess(const ContainedProcess&) = delete;
  ContainedProcess& operator=(const ContainedProcess&) = delete;
  /// Kills what still runs.
  ~ContainedProcess();

  /// Waits until everything inside has ended, and returns the main process's exit status, or
  /// 128 + signal.
  /// @throws Error  what `body` threw, or `interrupted` when the user asked to stop.
  int wait();

  /// Ends everything inside at once, and waits for that.
  void kill() noexcept;

 private:
  void read_report();

  pid_t init_ = -1;
  FileDescriptor report_;  ///< Where the inside reports an Error; see report() in the source.
  std::string reported_;
};

}  // namespace composer::mount
