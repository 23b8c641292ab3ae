#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "composer/blueprint.h"
#include "composer/plan.h"
#include "composer/solve/resolve.h"

// BLUEPRINT.lock: everything that a build takes from outside, pinned. What the blueprint alone says
// (disk, system, outputs) is not in it, and may change under the same lock. docs/locks.md has the
// format.

namespace composer {

/// What a blueprint says of one repository, as written.
struct LockedRepositoryRequest {
  std::string id;
  std::vector<std::string> baseurls;
  std::string mirrorlist, metalink;
  std::vector<std::string> gpgkeys;
  bool package_signatures = true;
  bool metadata_signature = false;
  std::int64_t priority = 99, cost = 1000;
  std::vector<std::string> excludes;

  friend bool operator==(const LockedRepositoryRequest&, const LockedRepositoryRequest&) = default;
};

/// What a blueprint says that decides which packages are chosen.
struct LockedRequests {
  std::string releasever;
  std::vector<LockedRepositoryRequest> repositories;  ///< Enabled ones, in the blueprint's order.
  std::vector<std::string> install, on_top, exclude;
  bool weak_dependencies = true;
};

struct Lock {
  int format = 1;            ///< Version of this structure's JSON form.
  std::string tool_version;  ///< That made it.
  Architecture arch = Architecture::x86_64;
  std::string identity_seed;
  std::int64_t source_date_epoch = 0;
  LockedRequests requests;
  std::vector<PlannedRepository> repositories;  ///< By id.
  std::vector<PlannedPackage> packages;         ///< By name; each with its `signing_key`, if known.
};

LockedRequests requests_of(const Blueprint& blueprint);

/// @param plan  What the blueprint came to.
Lock lock_of(const Blueprint& blueprint, const Plan& plan);

/// The package set as the lock has it, for `decide`: no repository is read.
/// @throws Error  of kind usage with everything in which the lock does not match its blueprint.
/// @param name  Of the lock, for errors.
solve::Resolution locked_resolution(const Blueprint& blueprint, const Lock& lock,
                                    std::string_view name);

/// The same lock gives the same bytes.
std::string to_json(const Lock& lock);

/// @param name  Of the text's source, for errors.
/// @throws Error  of kind usage naming the key, for what is no lock.
Lock parse_lock(std::string_view text, std::string_view name);

}  // namespace composer
