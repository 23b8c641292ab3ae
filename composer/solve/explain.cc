#include "composer/solve/explain.h"

#include <algorithm>
#include <fmt/format.h>

namespace composer::solve {
namespace {

/// One of libsolv's reasons.
struct Rule {
  SolverRuleinfo type;
  Id source, target, dependency;
};

/// One of libsolv's problems, taken apart.
struct Knot {
  std::vector<Rule> rules;       ///< Without the requests.
  std::vector<const Job*> jobs;  ///< In the order of the requests.
  bool only_newest = false;      ///< An older version could be had.
};

class Explainer {
 public:
  Explainer(const Universe& universe, Solver* solver, const std::vector<Job>& jobs,
            const Excluded& excluded)
      : universe_(&universe), solver_(solver), jobs_(&jobs), excluded_(&excluded) {}

  Problem problem(Id number) const {
    const Knot knot = read(number);
    Problem problem;
    std::vector<std::string> lines;
    for (const Rule& rule : knot.rules) {
      const std::string line = words(rule);
      if (std::find(lines.begin(), lines.end(), line) == lines.end()) lines.push_back(line);
    }
    // What cannot be had at all comes before what hangs on it.
    std::string cause = lines.empty() ? "the requests contradict each other" : lines.front();
    if (!lines.empty()) lines.erase(lines.begin());
    if (knot.jobs.empty()) {
      problem.message = cause;
    } else {
      problem.at = knot.jobs.front()->request.at;
      problem.message = fmt::format("cannot {} {}'{}': {}", verb_of(*knot.jobs.front()),
                                    knot.only_newest ? "the newest version of " : "",
                                    *knot.jobs.front()->request, cause);
    }
    problem.notes = lines;
    for (std::size_t i = 1; i < knot.jobs.size(); ++i) {
      const auto& request = knot.jobs[i]->request;
      problem.notes.push_back(request.at ? fmt::format("'{}' is asked for at {}:{}:{}", *request,
                                                       request.at.source->name, request.at.line,
                                                       request.at.column)
                                         : fmt::format("'{}' is asked for as well", *request));
    }
    problem.hint = hint(knot);
    return problem;
  }

 private:
  static std::string_view verb_of(const Job& job) {
    switch (job.how & SOLVER_JOBMASK) {
      case SOLVER_ERASE:
        return "remove";
      case SOLVER_UPDATE:
        return "update";
      default:
        return "install";
    }
  }

  static int rank(const Rule& rule) {
    switch (rule.type) {
      case SOLVER_RULE_PKG_NOT_INSTALLABLE:
        return 0;
      case SOLVER_RULE_PKG_NOTHING_PROVIDES_DEP:
        return 1;
      case SOLVER_RULE_PKG_CONFLICTS:
      case SOLVER_RULE_PKG_SELF_CONFLICT:
      case SOLVER_RULE_PKG_OBSOLETES:
        return 2;
      case SOLVER_RULE_PKG_SAME_NAME:
        return 3;
      case SOLVER_RULE_PKG_REQUIRES:
        return 5;
      default:
        return 4;
    }
  }

  Knot read(Id number) const {
    Knot knot;
    IdQueue rules;
    solver_findallproblemrules(solver_, number, rules.get());
    for (int i = 0; i < rules.size(); ++i) {
      const Id rule = rules[i];
      const SolverRuleinfo rule_class = solver_ruleclass(solver_, rule);
      if (rule_class == SOLVER_RULE_JOB || rule_class == SOLVER_RULE_BEST) {
        add_job(knot, rule, rule_class == SOLVER_RULE_BEST);
        continue;
      }
      IdQueue infos;
      solver_allruleinfos(solver_, rule, infos.get());
      for (int n = 0; n + 3 < infos.size(); n += 4) {
        const Rule found{static_cast<SolverRuleinfo>(infos[n]), infos[n + 1], infos[n + 2],
                         infos[n + 3]};
        if (!is_told(knot, found)) knot.rules.push_back(found);
      }
    }
    std::stable_sort(knot.rules.begin(), knot.rules.end(),
                     [](const Rule& a, const Rule& b) { return rank(a) < rank(b); });
    std::sort(knot.jobs.begin(), knot.jobs.end());
    knot.jobs.erase(std::unique(knot.jobs.begin(), knot.jobs.end()), knot.jobs.end());
    return knot;
  }

  /// A conflict of two packages with each other is one thing, not two.
  static bool is_told(const Knot& knot, const Rule& rule) {
    return rule.type == SOLVER_RULE_PKG_CONFLICTS &&
           std::any_of(knot.rules.begin(), knot.rules.end(), [&](const Rule& known) {
             return known.type == rule.type && known.source == rule.target &&
                    known.target == rule.source;
           });
  }

  void add_job(Knot& knot, Id rule, bool best) const {
    if (best) {
      // Only the newest version will do, and this rule says so for a request.
      Id source = 0, target = 0, dependency = 0;
      solver_ruleinfo(solver_, rule, &source, &target, &dependency);
      knot.only_newest = true;
      rule = target;
    }
    Id what = 0;
    const Id how = solver_rule2job(solver_, rule, &what);
    for (const Job& job : *jobs_) {
      if (job.what == what && (how & SOLVER_SELECTMASK) == (job.how & SOLVER_SELECTMASK)) {
        // The same packages may be asked for twice; the first place is enough.
        knot.jobs.push_back(&job);
        return;
      }
    }
  }

  std::string name(Id package) const { return universe_->nevra(package); }
  std::string text(Id dependency) const { return pool_dep2str(universe_->pool(), dependency); }

  std::string not_installable(Id package) const {
    if (const auto it = excluded_->find(package); it != excluded_->end()) {
      const Span& at = it->second.at;
      return fmt::format(
          "'{}' is excluded by '{}'{}", name(package), *it->second,
          at ? fmt::format(" at {}:{}:{}", at.source->name, at.line, at.column) : std::string());
    }
    Pool* pool = universe_->pool();
    const Solvable& solvable = pool->solvables[package];
    if (pool_arch2score(pool, solvable.arch) == 0) {
      return fmt::format("'{}' is built for {}, not for {}", name(package),
                         pool_id2str(pool, solvable.arch), to_text(universe_->arch()));
    }
    return fmt::format("'{}' cannot be installed", name(package));
  }

  std::string words(const Rule& rule) const {
    switch (rule.type) {
      case SOLVER_RULE_PKG_NOT_INSTALLABLE:
        return not_installable(rule.source);
      case SOLVER_RULE_PKG_NOTHING_PROVIDES_DEP:
        return fmt::format("nothing provides '{}', which '{}' requires", text(rule.dependency),
                           name(rule.source));
      case SOLVER_RULE_PKG_REQUIRES:
        return fmt::format("'{}' requires '{}', and nothing that provides it can be installed",
                           name(rule.source), text(rule.dependency));
      case SOLVER_RULE_PKG_CONFLICTS:
        return fmt::format("'{}' conflicts with '{}', which '{}' provides", name(rule.source),
                           text(rule.dependency), name(rule.target));
      case SOLVER_RULE_PKG_SELF_CONFLICT:
        return fmt::format("'{}' conflicts with '{}', which it provides itself", name(rule.source),
                           text(rule.dependency));
      case SOLVER_RULE_PKG_OBSOLETES:
      case SOLVER_RULE_PKG_IMPLICIT_OBSOLETES:
        return fmt::format("'{}' obsoletes '{}', which '{}' provides", name(rule.source),
                           text(rule.dependency), name(rule.target));
      case SOLVER_RULE_PKG_SAME_NAME:
        return fmt::format("'{}' and '{}' cannot both be installed", name(rule.source),
                           name(rule.target));
      case SOLVER_RULE_YUMOBS:
        return fmt::format("'{}' and '{}' both obsolete '{}'", name(rule.source), name(rule.target),
                           text(rule.dependency));
      case SOLVER_RULE_INFARCH:
        return fmt::format("'{}' is for an inferior architecture", name(rule.source));
      default:
        return solver_problemruleinfo2str(solver_, rule.type, rule.source, rule.target,
                                          rule.dependency);
    }
  }

  std::string hint(const Knot& knot) const {
    for (const Rule& rule : knot.rules) {
      if (rule.type != SOLVER_RULE_PKG_NOT_INSTALLABLE) continue;
      if (const auto it = excluded_->find(rule.source); it != excluded_->end()) {
        return fmt::format("take '{}' out of the excludes, or do not ask for what needs it",
                           *it->second);
      }
    }
    const bool clash = std::any_of(knot.rules.begin(), knot.rules.end(), [](const Rule& rule) {
      return rule.type == SOLVER_RULE_PKG_CONFLICTS || rule.type == SOLVER_RULE_PKG_SAME_NAME ||
             rule.type == SOLVER_RULE_PKG_OBSOLETES;
    });
    if (clash && knot.jobs.size() > 1) return "ask for one of them only";
    if (knot.only_newest) {
      return "name an older version to install that one, or exclude the newest";
    }
    const bool missing = std::any_of(knot.rules.begin(), knot.rules.end(), [](const Rule& rule) {
      return rule.type == SOLVER_RULE_PKG_NOTHING_PROVIDES_DEP;
    });
    return missing ? "a repository may be missing from the blueprint" : "";
  }

  const Universe* universe_;
  Solver* solver_;
  const std::vector<Job>* jobs_;
  const Excluded* excluded_;
};

}  // namespace

std::vector<Problem> explain(const Universe& universe, Solver* solver, const std::vector<Job>& jobs,
                             const Excluded& excluded) {
  const Explainer explainer(universe, solver, jobs, excluded);
  std::vector<Problem> problems;
  const auto count = static_cast<Id>(solver_problem_count(solver));
  for (Id number = 1; number <= count; ++number) {
    Problem problem = explainer.problem(number);
    const bool told = std::any_of(problems.begin(), problems.end(), [&](const Problem& known) {
      return known.message == problem.message;
    });
    if (!told) problems.push_back(std::move(problem));
  }
  return problems;
}

std::set<std::string> names_in_problems(const Universe& universe, Solver* solver) {
  Pool* pool = universe.pool();
  std::set<std::string> names;
  const auto add = [&](Id package) {
    if (package > SYSTEMSOLVABLE) names.insert(pool_id2str(pool, pool->solvables[package].name));
  };
  const auto count = static_cast<Id>(solver_problem_count(solver));
  for (Id number = 1; number <= count; ++number) {
    IdQueue rules;
    solver_findallproblemrules(solver, number, rules.get());
    for (int i = 0; i < rules.size(); ++i) {
      const SolverRuleinfo rule_class = solver_ruleclass(solver, rules[i]);
      if (rule_class == SOLVER_RULE_JOB || rule_class == SOLVER_RULE_BEST) continue;
      IdQueue infos;
      solver_allruleinfos(solver, rules[i], infos.get());
      for (int n = 0; n + 3 < infos.size(); n += 4) {
        add(infos[n + 1]);
        add(infos[n + 2]);
        if (infos[n + 3] == 0) continue;
        for (const Id provider : universe.providers(infos[n + 3])) add(provider);
      }
    }
  }
  return names;
}

}  // namespace composer::solve
