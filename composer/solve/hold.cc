#include "composer/solve/hold.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <fnmatch.h>
#include <map>
#include <set>

#include "composer/error.h"
#include "composer/host/interrupt.h"

namespace composer::solve {
namespace {

std::string name_of(const Universe& universe, Id package) {
  return pool_id2str(universe.pool(), universe.pool()->solvables[package].name);
}

/// The packages of a lock in a universe.
class Matches {
 public:
  Matches(const Universe& universe, const Held& held) : universe_(&universe) {
    for (const PlannedPackage& package : held.packages) {
      if (const Id name = pool_str2id(universe.pool(), package.name.c_str(), 0)) {
        by_name_[name].push_back(&package);
      }
    }
  }

  /// The package of the lock that `id` is, or null. It must be the same file: one that was built
  /// again under its old version is another one.
  const PlannedPackage* held(Id id) const {
    Solvable* solvable = pool_id2solvable(universe_->pool(), id);
    const auto candidates = by_name_.find(solvable->name);
    if (candidates == by_name_.end()) return nullptr;
    Id type = 0;
    const char* checksum = solvable_lookup_checksum(solvable, SOLVABLE_CHECKSUM, &type);
    for (const PlannedPackage* package : candidates->second) {
      if (package->checksum == (checksum ? checksum : "") &&
          package->repository == universe_->repository_of(id) &&
          package->nevra() == universe_->nevra(id)) {
        return package;
      }
    }
    return nullptr;
  }

 private:
  const Universe* universe_;
  std::map<Id, std::vector<const PlannedPackage*>> by_name_;
};

/// The names of `held` that stay.
std::set<std::string> held_names(const Held& held) {
  std::set<std::string> names;
  for (const PlannedPackage& package : held.packages) names.insert(package.name);
  for (const std::string& glob : held.free) {
    const auto is_free = [&](const std::string& name) {
      return ::fnmatch(glob.c_str(), name.c_str(), 0) == 0;
    };
    const bool known =
        std::any_of(held.packages.begin(), held.packages.end(),
                    [&](const PlannedPackage& package) { return is_free(package.name); });
    if (!known) {
      throw Error(ErrorKind::usage, fmt::format("the lock has no package '{}'", glob),
                  "name a package of the lock, or a glob such as 'kernel*'");
    }
    std::erase_if(names, is_free);
  }
  return names;
}

void refuse_gone(const Universe& universe, const Held& held, const std::set<std::string>& names) {
  const Matches matches(universe, held);
  std::set<const PlannedPackage*> there;
  for (const Id id : universe.packages()) there.insert(matches.held(id));
  std::vector<std::string> gone, gone_names;
  for (const PlannedPackage& package : held.packages) {
    if (!names.contains(package.name) || there.contains(&package)) continue;
    gone.push_back(fmt::format("'{}' of repository '{}'", package.nevra(), package.repository));
    gone_names.push_back(package.name);
  }
  if (gone.empty()) return;
  Problem problem;
  problem.message =
      fmt::format("{} of the lock {} not in its repository any more",
                  gone.size() == 1 ? "a package" : "packages", gone.size() == 1 ? "is" : "are");
  problem.notes = gone;
  constexpr std::size_t kMostNamed = 5;
  problem.hint = gone.size() > kMostNamed ? std::string("choose everything anew: --update")
                                          : fmt::format("let it move as well: --update {}",
                                                        fmt::join(gone_names, " --update "));
  throw Error(ErrorKind::usage, std::move(problem));
}

/// Takes every package out of the universe whose name is held, but the one that is held itself.
void hold_packages(Universe& universe, const Held& held, const std::set<std::string>& names,
                   Excluded& excluded) {
  const Matches matches(universe, held);
  std::vector<Id> others;
  for (const Id id : universe.packages()) {
    if (names.contains(name_of(universe, id)) && !matches.held(id)) others.push_back(id);
  }
  for (const Id id : others) {
    universe.exclude(id);
    excluded.emplace(id, Located<std::string>{"the lock", {}});
  }
}

/// Of the names that are held, those that keep a request from being met: a request for another
/// version than the held one.
std::set<std::string> names_in_the_way(const Universe& universe, const Held& held,
                                       const std::set<std::string>& names,
                                       const std::vector<Job>& jobs) {
  const Matches matches(universe, held);
  std::set<std::string> found;
  for (const Job& job : jobs) {
    const bool can_be_met = std::any_of(job.candidates.begin(), job.candidates.end(), [&](Id id) {
      return !names.contains(name_of(universe, id)) || matches.held(id) != nullptr;
    });
    if (can_be_met) continue;
    for (const Id id : job.candidates) found.insert(name_of(universe, id));
  }
  return found;
}

}  // namespace

std::vector<Chosen> solve_holding(const Held& held, const HoldingSteps& steps, Progress& progress) {
  std::set<std::string> names = held_names(held);
  const auto set_free = [&](const std::set<std::string>& others) {
    bool any = false;
    for (const std::string& name : others) {
      if (names.erase(name) == 0) continue;
      any = true;
      progress.note(fmt::format("'{}' must move as well", name));
    }
    return any;
  };
  Choice* choice = &steps.reload();
  refuse_gone(*choice->universe, held, names);
  set_free(names_in_the_way(*choice->universe, held, names, steps.jobs()));
  for (;;) {
    hold_packages(*choice->universe, held, names, choice->excluded);
    const std::vector<Job> jobs = steps.jobs();
    try {
      return solve_jobs(*choice->universe, jobs, steps.weak, choice->excluded);
    } catch (const Unsolvable& unsolvable) {
      if (!set_free(unsolvable.names())) throw;
    }
    host::throw_if_interrupted();
    choice = &steps.reload();
  }
}

}  // namespace composer::solve
