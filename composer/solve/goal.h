#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "composer/blueprint.h"
#include "composer/error.h"
#include "composer/plan.h"
#include "composer/progress.h"
#include "composer/solve/comps.h"
#include "composer/solve/universe.h"

// From what is asked for to the packages that are chosen.

namespace composer::solve {

/// Which package was excluded by what.
using Excluded = std::map<Id, Located<std::string>>;

/// What is not to be had from one repository.
struct RepositoryExcludes {
  std::string repository;
  std::vector<Located<std::string>> excludes;
};

/// Takes excluded packages out of the universe. An exclude that names nothing is fine: the package
/// is then certainly not installed.
Excluded apply_excludes(Universe& universe, const std::vector<RepositoryExcludes>& repositories,
                        const std::vector<Located<std::string>>& excludes);

/// One thing for the solver to do, and whose wish it is.
struct Job {
  Id how = 0, what = 0;
  Located<std::string> request;
  std::vector<Id> candidates;  ///< By Id. Empty for a condition (`a if b`).
  bool on_top = false;         ///< Asked for by `on_top` alone.
};

/// Turns requests into jobs.
/// @throws Error  of kind usage with every request that names nothing, each with a suggestion.
std::vector<Job> make_jobs(const Universe& universe, const PackagesRequest& packages,
                           const Comps& comps, const Excluded& excluded, Progress& progress);

/// What shall be installed in the end.
struct Chosen {
  Id package = 0;
  PackageReason reason = PackageReason::dependency;
  bool on_top = false;  ///< There for jobs that are `on_top` alone.
};

enum class WeakDependencies { install, ignore };

/// There is no way to do all jobs.
class Unsolvable : public Error {
 public:
  Unsolvable(std::vector<Problem> problems, std::set<std::string> names)
      : Error(ErrorKind::usage, std::move(problems)), names_(std::move(names)) {}

  /// The names of all packages that the reasons speak of.
  const std::set<std::string>& names() const { return names_; }

 private:
  std::set<std::string> names_;
};

/// Solves the jobs for an empty root, or for one where packages are installed, with the rules of
/// dnf 4 and `best=true`. What is installed stays as it is where no job or dependency changes it;
/// only what a job removes takes along what needs it.
/// @throws Unsolvable  of kind usage: why it cannot be, in words, at the requests' places.
std::vector<Chosen> solve_jobs(const Universe& universe, const std::vector<Job>& jobs,
                               WeakDependencies weak, const Excluded& excluded);

/// Marks what is chosen for jobs `on_top` alone: all but what the other jobs come to where nothing
/// else is to be had, which holds from then on.
void mark_on_top(Universe& universe, const std::vector<Job>& jobs, WeakDependencies weak,
                 const Excluded& excluded, std::vector<Chosen>& chosen);

}  // namespace composer::solve
