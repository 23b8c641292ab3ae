#pragma once

namespace composer::host {

/// From now on the first SIGINT or SIGTERM asks the work to stop (see below), the second ends the
/// process at once. Called by main.cc alone.
void catch_interrupts();

/// True once the user asked to stop.
bool interrupted() noexcept;

/// @throws Error  `interrupted` when the user asked to stop. Long loops call it at each item.
void throw_if_interrupted();

}  // namespace composer::host
