#pragma once

#include <filesystem>

#include "composer/root.h"

namespace composer::mount {

/// Gives this process a mount namespace of its own, in which nothing propagates to the host: from
/// here on the kernel undoes every mount and loop device when the process ends, even by SIGKILL.
/// The first act of the privileged part; call it from the main thread.
/// @throws Error  of kind host when not root (or without CAP_SYS_ADMIN).
void enter_private_mounts();

/// Runs a command in `root`, contained: see RootCommand. @throws Error when it cannot be started.
RootCommandResult run_contained(const std::filesystem::path& root, const RootCommand& command);

}  // namespace composer::mount
