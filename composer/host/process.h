#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "composer/progress.h"

namespace composer::host {

/// What comes of a child's fsync and its like: see suppress_sync.
enum class Syncs { done, suppressed };

/// An external command. No shell: `arguments` is the argument vector, looked up in PATH.
struct Command {
  std::vector<std::string> arguments;
  std::string input;                     ///< Standard input; empty means /dev/null.
  std::vector<std::string> environment;  ///< NAME=value that replace or add to the base below.
  bool inherit_environment = true;       ///< Else only PATH and LC_ALL=C.UTF-8.
  Syncs syncs = Syncs::done;
};

struct CommandOutput {
  int status = 0;  ///< Exit status, or 128 + signal.
  std::string standard_output;
  std::string standard_error;
};

/// Runs external commands. Children are ended with SIGKILL when this process ends, however it
/// ends; they run with LC_ALL=C.UTF-8 and TZ=UTC so that nothing depends on the caller's locale.
/// Must be called from a thread that outlives the command (PR_SET_PDEATHSIG counts threads).
class CommandRunner {
 public:
  explicit CommandRunner(Progress& progress) : progress_(&progress) {}

  /// Runs to the end and returns what came out, whatever the status.
  /// @throws Error  of kind host when the program is not there (Debian package in the hint where
  ///                known), or kind build when it cannot be started, or on an interrupt.
  CommandOutput run(const Command& command) const;

  /// The same, and a status other than zero is an Error that shows the end of the output.
  CommandOutput check(const Command& command) const;

 private:
  Progress* progress_;
};

/// The tools that a stage needs; all are checked before the first slow step.
struct Tool {
  std::string_view program;
  std::string_view needed_for;  ///< Completes "needed to …".
  std::string_view package;     ///< Debian's.
};

/// Where `program` is in PATH (with the sbin folders added), or an empty string.
std::string find_program(std::string_view program);

/// @throws Error  of kind host naming every missing tool with what it is for and its package.
void require_tools(const std::vector<Tool>& tools);

}  // namespace composer::host
