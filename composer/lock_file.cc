#include "composer/lock_file.h"

#include <algorithm>
#include <fmt/format.h>
#include <map>

#include "composer/base/file_descriptor.h"
#include "composer/checked_blueprint.h"
#include "composer/compose.h"
#include "composer/error.h"
#include "composer/plan/decide.h"
#include "composer/plan/lock_differences.h"
#include "composer/plan/lock_update.h"
#include "composer/plan/required_packages.h"
#include "composer/solve/fetch.h"
#include "composer/source_date.h"
#include "composer/version.h"

namespace composer {
namespace {

/// Packages of the old lock stay, where they are asked to or where nothing is asked; else all are
/// chosen anew.
solve::Resolution choose_packages(const LockRequest& request, const Blueprint& blueprint,
                                  const std::optional<Lock>& old, Progress& progress) {
  if (!old || request.update_all) {
    return solve::resolve(blueprint, request.places.cache, progress);
  }
  return solve::resolve_holding(blueprint, request.places.cache, progress,
                                {old->packages, request.update});
}

/// Who signed a package is known when it is read; of those that the old lock has, it is known.
void find_signers(Lock& lock, const std::optional<Lock>& old, const Plan& plan,
                  const std::filesystem::path& cache, Progress& progress) {
  std::map<std::string, std::string> known;
  if (old) {
    for (const PlannedPackage& package : old->packages) {
      known.emplace(package.checksum, package.signing_key);
    }
  }
  Plan wanted;
  wanted.repositories = plan.repositories;
  std::vector<PlannedPackage*> unknown;
  for (PlannedPackage& package : lock.packages) {
    if (const auto found = known.find(package.checksum);
        found != known.end() && !found->second.empty()) {
      package.signing_key = found->second;
      continue;
    }
    unknown.push_back(&package);
    wanted.packages.push_back(package);
  }
  if (unknown.empty()) return;
  const auto fetched = solve::fetch_packages(wanted, cache, progress);
  for (std::size_t i = 0; i < unknown.size(); ++i) unknown[i]->signing_key = fetched[i].signing_key;
}

}  // namespace

std::filesystem::path lock_path(const std::filesystem::path& blueprint,
                                const std::filesystem::path& asked) {
  return asked.empty() ? std::filesystem::path(blueprint.string() + ".lock") : asked;
}

Lock read_lock(const std::filesystem::path& path, const std::filesystem::path& blueprint) {
  if (!std::filesystem::exists(path)) {
    throw Error(ErrorKind::usage, fmt::format("there is no lock '{}'", path.string()),
                fmt::format("make it: image-composer lock {}", blueprint.string()));
  }
  return parse_lock(read_file(path), path.string());
}

LockReport lock(const LockRequest& request, Progress& progress) {
  const Blueprint blueprint = read_checked_blueprint(request.blueprint, request.options);
  refuse_base(blueprint);
  LockReport report;
  report.path = lock_path(request.blueprint, request.lock);
  std::optional<Lock> old;
  if (!request.update.empty() || request.diff || std::filesystem::exists(report.path)) {
    old = read_lock(report.path, request.blueprint);
  }
  const bool updates = request.update_all || !request.update.empty();
  if (old && !updates && !request.diff &&
      lock_differences(blueprint, *old, report.path.string()).empty()) {
    report.packages = old->packages.size();
    report.kept = true;
    return report;
  }
  LockRequest choice = request;
  // What an update would bring is what is asked of --diff alone.
  choice.update_all = request.update_all || (request.diff && request.update.empty());
  const Plan plan = decide(blueprint, choose_packages(choice, blueprint, old, progress), kVersion,
                           source_date_from_environment());
  check_required_packages(blueprint, plan);
  Lock fresh = lock_of(blueprint, plan);
  report.packages = fresh.packages.size();
  if (!request.diff) find_signers(fresh, old, plan, request.places.cache, progress);
  if (old) report.changes = describe_update(*old, fresh);
  if (!request.diff) {
    write_file_atomically(report.path, to_json(fresh));
  }
  return report;
}

}  // namespace composer
