#pragma once

#include <filesystem>
#include <vector>

#include "composer/base/file_descriptor.h"
#include "composer/mount/contained_process.h"
#include "composer/root.h"

namespace composer::mount {

/// A command that runs in a root, contained (see RootCommand), beside what this thread does. It
/// ends with this object.
class ContainedCommand {
 public:
  /// Starts it. @param shown  What it sees in place of directories of the root.
  /// @throws Error  when it cannot be started.
  ContainedCommand(const std::filesystem::path& root, RootCommand command,
                   std::vector<ShownFolder> shown = {});

  /// What it prints is read here: of more than a pipe holds (64 KiB) it waits until then. Once.
  RootCommandResult wait();

 private:
  struct Streams {
    FileDescriptor input, output, error;     ///< The command's ends.
    FileDescriptor from_output, from_error;  ///< Ours.
  };
  static Streams streams_for(const RootCommand& command);

  RootCommand command_;
  Streams streams_;
  ContainedProcess process_;
};

}  // namespace composer::mount
