#include "composer/solve/goal.h"

#include <algorithm>
#include <array>
#include <set>

#include "composer/error.h"
#include "composer/solve/explain.h"

namespace composer::solve {
namespace {

/// Several versions of what provides one of these may be installed side by side, where each is
/// asked for. Source: libdnf 0.69, INSTALLONLYPKGS.
constexpr std::array kInstallOnly = {"kernel",
                                     "kernel-PAE",
                                     "installonlypkg(kernel)",
                                     "installonlypkg(kernel-module)",
                                     "installonlypkg(vm)",
                                     "multiversion(kernel)"};

void set_flags(Solver* solver, WeakDependencies weak) {
  // Source: libdnf 0.69, Goal::Impl::initSolver, and dnf's defaults.
  solver_set_flag(solver, SOLVER_FLAG_ALLOW_VENDORCHANGE, 1);
  solver_set_flag(solver, SOLVER_FLAG_DUP_ALLOW_VENDORCHANGE, 1);
  solver_set_flag(solver, SOLVER_FLAG_KEEP_ORPHANS, 1);
  solver_set_flag(solver, SOLVER_FLAG_BEST_OBEY_POLICY, 1);
  solver_set_flag(solver, SOLVER_FLAG_YUM_OBSOLETES, 1);
  if (weak == WeakDependencies::ignore) {
    solver_set_flag(solver, SOLVER_FLAG_IGNORE_RECOMMENDED, 1);
  }
}

/// How a package was decided, as the solver sees it; a request may be met by a package that was
/// decided as a dependency first.
PackageReason decided(Solver* solver, Id package) {
  Id rule = 0;
  const int reason = solver_describe_decision(solver, package, &rule);
  if (reason == SOLVER_REASON_WEAKDEP || reason == SOLVER_REASON_RECOMMENDED ||
      reason == SOLVER_REASON_SUPPLEMENTED) {
    return PackageReason::weak;
  }
  if (reason == SOLVER_REASON_UNIT_RULE || reason == SOLVER_REASON_RESOLVE_JOB) {
    const SolverRuleinfo rule_class = solver_ruleclass(solver, rule);
    if (rule_class == SOLVER_RULE_JOB || rule_class == SOLVER_RULE_BEST) {
      return PackageReason::asked;
    }
  }
  return PackageReason::dependency;
}

/// Marks what requests are met by: of a request's candidates those that were decided for a request,
/// else all that are chosen.
void mark_asked(const std::vector<Job>& jobs, std::vector<Chosen>& chosen) {
  std::set<Id> by_request;
  for (const Chosen& package : chosen) {
    if (package.reason == PackageReason::asked) by_request.insert(package.package);
  }
  std::set<Id> asked = by_request;
  for (const Job& job : jobs) {
    const auto is_met = [&](Id id) { return by_request.contains(id); };
    if (std::any_of(job.candidates.begin(), job.candidates.end(), is_met)) continue;
    asked.insert(job.candidates.begin(), job.candidates.end());
  }
  for (Chosen& package : chosen) {
    if (package.reason == PackageReason::base) continue;
    if (asked.contains(package.package)) package.reason = PackageReason::asked;
  }
}

}  // namespace

std::vector<Chosen> solve_jobs(const Universe& universe, const std::vector<Job>& jobs,
                               WeakDependencies weak, const Excluded& excluded) {
  Pool* pool = universe.pool();
  IdQueue queue;
  for (const Job& job : jobs) {
    queue.push(job.how);
    queue.push(job.what);
  }
  for (const char* name : kInstallOnly) {
    queue.push(SOLVER_MULTIVERSION | SOLVER_SOLVABLE_PROVIDES);
    queue.push(pool_str2id(pool, name, 1));
  }
  const SolverHandle solver(solver_create(pool));
  set_flags(solver.get(), weak);
  const bool removes = std::any_of(jobs.begin(), jobs.end(), [](const Job& job) {
    return (job.how & SOLVER_JOBMASK) == SOLVER_ERASE;
  });
  if (removes) solver_set_flag(solver.get(), SOLVER_FLAG_ALLOW_UNINSTALL, 1);
  if (solver_solve(solver.get(), queue.get()) != 0) {
    throw Unsolvable(explain(universe, solver.get(), jobs, excluded),
                     names_in_problems(universe, solver.get()));
  }
  IdQueue decisions;
  solver_get_decisionqueue(solver.get(), decisions.get());
  std::vector<Chosen> chosen;
  for (int i = 0; i < decisions.size(); ++i) {
    const Id id = decisions[i];
    if (id <= SYSTEMSOLVABLE) continue;
    chosen.push_back(
        {id, universe.is_installed(id) ? PackageReason::base : decided(solver.get(), id)});
  }
  mark_asked(jobs, chosen);
  return chosen;
}

void mark_on_top(Universe& universe, const std::vector<Job>& jobs, WeakDependencies weak,
                 const Excluded& excluded, std::vector<Chosen>& chosen) {
  std::vector<Job> others = jobs;
  std::erase_if(others, [](const Job& job) { return job.on_top; });
  if (others.size() == jobs.size()) return;
  std::set<Id> all, below;
  for (const Chosen& package : chosen) all.insert(package.package);
  universe.keep_only(all);
  for (const Chosen& package : solve_jobs(universe, others, weak, excluded)) {
    below.insert(package.package);
  }
  for (Chosen& package : chosen) package.on_top = !below.contains(package.package);
}

}  // namespace composer::solve
