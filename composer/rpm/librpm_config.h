#pragma once

#include <optional>
#include <rpm/rpmts.h>
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

/// Digests of headers and of each file are checked. That the package is the one that is wanted was
/// checked by who fetched it (solve/fetch.h), by its digest and, unless the repository's packages
/// have none, by its signature (rpm/keyring.h): all of it is not read a second time. No database of
/// keys exists yet; MD5 and SHA-1 prove nothing that SHA-256 does not.
void set_verification(rpmts transaction);

}  // namespace composer::rpm
