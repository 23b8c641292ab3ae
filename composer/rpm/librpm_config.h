#pragma once

#include <string>

namespace composer::rpm {

/// Sets up librpm's process-wide state for installing into "/" of a contained process: macros and
/// architecture tables of our own, nothing from this host's rpm configuration, and nothing from the
/// root's. Once per process, which then is good for one transaction.
/// @throws Error  when librpm does not start, or at the second call.
void configure_librpm(const std::string& database_path);

}  // namespace composer::rpm
