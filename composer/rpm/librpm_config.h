#pragma once

#include <optional>
#include <string>
#include <vector>

namespace composer::rpm {

/// Sets up librpm's process-wide state for installing into "/" of a contained process: macros and
/// architecture tables of our own, nothing from this host's rpm configuration, and nothing from the
/// root's. Once per process, which then is good for one transaction.
/// @param locales  Languages of marked files that are installed; absent: all.
/// @throws Error  when librpm does not start, or at the second call.
void configure_librpm(const std::string& database_path,
                      const std::optional<std::vector<std::string>>& locales = std::nullopt);

}  // namespace composer::rpm
