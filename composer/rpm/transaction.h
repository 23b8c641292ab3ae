#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "composer/progress.h"

namespace composer::rpm {

/// A package set to install into a root, as one librpm transaction.
struct TransactionRequest {
  std::filesystem::path root;                   ///< Populated root on the host; absolute.
  std::vector<std::filesystem::path> packages;  ///< Verified .rpm files, in any order.
  /// Becomes the database's transaction id, and the install time of its first package; each further
  /// one is a second later (rpm's rule for SOURCE_DATE_EPOCH).
  std::int64_t source_date_epoch = 0;
  /// Where the target keeps its database; Fedora's and Azure Linux's place.
  std::string database_path = "/usr/lib/sysimage/rpm";
  bool documentation = true;  ///< False: files that packages mark as such are left out.
  /// Languages of marked files that are kept, as %_install_langs has them; absent: all.
  std::optional<std::vector<std::string>> locales = {};
  std::vector<std::string> erase = {};  ///< For erase_packages: names; `packages` is empty then.
  /// Of a root where packages are installed: NEVRAs of those that leave in the same transaction,
  /// also for another version of theirs among `packages`. All others stay.
  std::vector<std::string> remove = {};
};

/// Installs the packages (stage `install`) in a child process in mount, PID, IPC, UTS and network
/// namespaces of its own, which end every process that a scriptlet left behind.
///
/// What the root has in /dev, /proc, /sys, /run and /tmp is covered meanwhile; see
/// docs/containment.md. Files are not synced to the medium.
///
/// A configuration file that was changed and whose package brings a new one is kept as rpm does,
/// with the ending .rpmsave or .rpmnew, and a warning.
///
/// @throws Error  of kind build: unresolved dependencies, file conflicts, a full disk, a package
///                that librpm cannot unpack, a file whose owner nothing in the image makes, or a
///                failing scriptlet with its package, phase and the end of its output.
void install_packages(const TransactionRequest& request, Progress& progress);

/// Erases the packages named in `erase`, contained in the same way, whatever remaining ones need of
/// them: what that is becomes a warning each. Their scriptlets run, unless the shell goes too: then
/// none does, and a note says so. Configuration files that were changed go as well.
///
/// @throws Error  of kind build: a name that is not installed, or a failing scriptlet.
void erase_packages(const TransactionRequest& request, Progress& progress);

}  // namespace composer::rpm
