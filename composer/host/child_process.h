#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

#include "composer/base/file_descriptor.h"
#include "composer/progress.h"

namespace composer::host {

/// What to start; the conventions are CommandRunner's: no shell, PATH with the sbin folders,
/// LC_ALL=C.UTF-8 and TZ=UTC.
struct ChildCommand {
  std::vector<std::string> arguments;
  /// Descriptors of ours that the child has as 3, 4, 5 …; it has no other one beside 0, 1 and 2.
  std::vector<int> descriptors;
  int input = -1;  ///< A descriptor of ours for its standard input; -1: /dev/null.
};

/// An external program that runs beside us, for those that are talked to while they run; what runs
/// to its end is CommandRunner's. Both outputs come through one
/// pipe.
/// The child is ended with SIGKILL when this object or this process ends, however it ends.
/// Must be made by a thread that outlives the child (PR_SET_PDEATHSIG counts threads).
class ChildProcess {
 public:
  /// @throws Error  of kind host when the program is not there, of kind build when it cannot start.
  ChildProcess(const ChildCommand& command, Progress& progress);
  ~ChildProcess();
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&&) = delete;

  pid_t id() const { return child_; }
  /// Readable (POLLIN) once the child has ended.
  int end_descriptor() const { return end_.get(); }
  /// What the child prints; non-blocking.
  int output_descriptor() const { return output_.get(); }

  /// What the child printed since the last call; never waits.
  std::string read_output();

  /// Exit status, or 128 + signal; nothing while the child runs. Never waits.
  std::optional<int> status();

  /// Asks with SIGTERM, waits for `patience`, then ends it with SIGKILL. Returns the status.
  int end(std::chrono::milliseconds patience);

 private:
  bool wait_for_end(std::chrono::milliseconds most);

  pid_t child_ = -1;
  FileDescriptor end_, output_;
  std::optional<int> status_;
};

}  // namespace composer::host
