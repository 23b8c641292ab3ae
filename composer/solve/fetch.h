#pragma once

#include <filesystem>
#include <vector>

#include "composer/plan.h"
#include "composer/progress.h"

namespace composer::solve {

/// A package in the cache.
struct FetchedPackage {
  std::filesystem::path file;
  std::string signing_key;  ///< Fingerprint of the key that signed it; empty where none is asked.
};

/// Brings every package of the plan into the cache (stage `fetch`): in parallel, resumed, retried,
/// mirrors in turn. Each file's size and checksum match the plan, and where the repository asks for
/// it, its OpenPGP signature was made by one of the repository's keys, and by the package's own
/// `signing_key` where the plan has one.
///
/// @returns The files, in the order of `plan.packages`, of which those of a base image are left
/// out.
/// @throws Error  naming the package, the cause and the URL; nothing unverified is left in the
/// cache
///                under a name that a later run would trust.
std::vector<FetchedPackage> fetch_packages(const Plan& plan, const std::filesystem::path& cache,
                                           Progress& progress);

/// The files alone.
std::vector<std::filesystem::path> files_of(const std::vector<FetchedPackage>& packages);

}  // namespace composer::solve
