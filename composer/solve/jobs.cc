#include <algorithm>
#include <fmt/format.h>
#include <set>

#include "composer/error.h"
#include "composer/solve/goal.h"
#include "composer/solve/subject.h"

namespace composer::solve {
namespace {

std::string place_of(const Span& at) {
  return at ? fmt::format(" at {}:{}:{}", at.source->name, at.line, at.column) : std::string();
}

Job job_for(const Universe& universe, std::vector<Id> candidates,
            const Located<std::string>& request) {
  IdQueue queue;
  for (const Id id : candidates) queue.push(id);
  Job job;
  job.how =
      SOLVER_INSTALL | SOLVER_SOLVABLE_ONE_OF | SOLVER_SETARCH | SOLVER_SETEVR | SOLVER_FORCEBEST;
  job.what = pool_queuetowhatprovides(universe.pool(), queue.get());
  job.request = request;
  job.candidates = std::move(candidates);
  return job;
}

std::vector<Id> united(std::vector<Id> a, const std::vector<Id>& b) {
  a.insert(a.end(), b.begin(), b.end());
  std::sort(a.begin(), a.end());
  a.erase(std::unique(a.begin(), a.end()), a.end());
  return a;
}

/// The packages split by name, or by name and architecture, in the order of their first members.
std::vector<std::vector<Id>> split(const Universe& universe, const std::vector<Id>& packages,
                                   bool by_arch) {
  std::vector<std::pair<std::pair<Id, Id>, std::vector<Id>>> parts;
  for (const Id id : packages) {
    const Solvable& solvable = universe.pool()->solvables[id];
    const std::pair key{solvable.name, by_arch ? solvable.arch : 0};
    const auto part = std::find_if(parts.begin(), parts.end(),
                                   [&](const auto& known) { return known.first == key; });
    if (part == parts.end()) {
      parts.push_back({key, {id}});
    } else {
      part->second.push_back(id);
    }
  }
  std::vector<std::vector<Id>> lists;
  for (auto& [key, list] : parts) lists.push_back(std::move(list));
  return lists;
}

/// The jobs of one request that names packages: dnf's Base.install with multilib_policy=best.
void add_packages(const Universe& universe, const Located<std::string>& request, const Match& match,
                  std::vector<Job>& jobs) {
  const bool is_file = request->starts_with('/') || request->starts_with("*/");
  if (match.arch_is_glob) {
    for (const auto& list : split(universe, match.packages, true)) {
      jobs.push_back(job_for(universe, united(list, obsoleters(universe, list)), request));
    }
  } else if (!is_file && is_glob(*request)) {
    for (const auto& list : split(universe, match.packages, false)) {
      jobs.push_back(job_for(
          universe, match.by_just_name ? united(list, obsoleters(universe, list)) : list, request));
    }
  } else {
    std::vector<Id> list = match.packages;
    if (match.by_just_name) list = united(list, obsoleters(universe, list));
    jobs.push_back(job_for(universe, std::move(list), request));
  }
}

std::vector<std::string> known_names(const Universe& universe) {
  std::set<std::string> names;
  for (const Id id : universe.packages()) {
    names.insert(pool_id2str(universe.pool(), universe.pool()->solvables[id].name));
  }
  return {names.begin(), names.end()};
}

/// The first package that `request` would name if nothing were excluded.
const Excluded::value_type* excluded_match(const Universe& universe, const Excluded& excluded,
                                           const std::string& request) {
  Pool* pool = universe.pool();
  const Id name = pool_str2id(pool, request.c_str(), 0);
  const std::vector<Id> providers = name ? universe.providers(name) : std::vector<Id>();
  for (const auto& entry : excluded) {
    const bool named = name && pool->solvables[entry.first].name == name;
    if (named || std::find(providers.begin(), providers.end(), entry.first) != providers.end()) {
      return &entry;
    }
  }
  return nullptr;
}

/// What is wrong with a request that names nothing.
void report_unknown(const Universe& universe, const Excluded& excluded,
                    const Located<std::string>& request, Diagnostics& diagnostics) {
  if (const auto* entry = excluded_match(universe, excluded, *request)) {
    diagnostics.report(request.at,
                       fmt::format("every package that provides '{}' is excluded", *request),
                       fmt::format("'{}' is excluded by '{}'{}", universe.nevra(entry->first),
                                   *entry->second, place_of(entry->second.at)));
    return;
  }
  // Of `name >= 1`, `name.arch` and the like the name may be right and the rest not.
  const std::string word = request->substr(0, request->find_first_of(" <>="));
  const auto near = nearest(word, known_names(universe));
  std::string hint;
  const Id id = pool_str2id(universe.pool(), word.c_str(), 0);
  const std::vector<Id> providers =
      id && word != *request ? universe.providers(id) : std::vector<Id>();
  if (!providers.empty()) {
    const Id newest = *std::max_element(providers.begin(), providers.end(), [&](Id a, Id b) {
      Pool* pool = universe.pool();
      return pool_evrcmp(pool, pool->solvables[a].evr, pool->solvables[b].evr, EVRCMP_COMPARE) < 0;
    });
    hint = fmt::format("there is '{}'", universe.nevra(newest));
  } else if (near) {
    hint = fmt::format("did you mean '{}'?", *near);
  }
  diagnostics.report(request.at, fmt::format("no package provides '{}'", *request), hint);
}

/// One wanted package of a group, with the request that asked for the group.
struct GroupWish {
  const GroupPackage* package;
  const Group* group;
  Located<std::string> request;
  bool on_top;
};

void add_group_package(const Universe& universe, const GroupWish& wish, Progress& progress,
                       std::vector<Job>& jobs) {
  Pool* pool = universe.pool();
  const GroupPackage& wanted = *wish.package;
  std::vector<Id> packages;
  for (const Id id : universe.named(wanted.name)) {
    const Solvable& solvable = pool->solvables[id];
    if (universe.is_excluded(id) || solvable.arch == ARCH_SRC || solvable.arch == ARCH_NOSRC) {
      continue;
    }
    if (wanted.basearch_only && pool_id2str(pool, solvable.arch) != to_text(universe.arch())) {
      continue;
    }
    packages.push_back(id);
  }
  if (packages.empty()) {
    progress.warning(fmt::format("group '{}' names '{}', which no repository has, ignoring",
                                 wish.group->id, wanted.name));
    return;
  }
  if (wanted.condition.empty()) {
    auto candidates = united(packages, obsoleters(universe, packages));
    jobs.push_back(job_for(universe, std::move(candidates), wish.request));
    return;
  }
  const std::string condition = fmt::format("({} if {})", wanted.name, wanted.condition);
  if (const Id dependency = pool_parserpmrichdep(pool, condition.c_str())) {
    jobs.push_back({SOLVER_INSTALL | SOLVER_SOLVABLE_PROVIDES | SOLVER_FORCEBEST,
                    dependency,
                    wish.request,
                    {}});
  }
}

/// The jobs for what is installed: those of `requests`, one for each package that one names.
void add_installed_jobs(const Universe& universe, const std::vector<Located<std::string>>& requests,
                        Id how, Diagnostics& diagnostics, std::vector<Job>& jobs) {
  for (const auto& request : requests) {
    std::vector<Id> packages = match_subject(universe, *request, MatchForms::packages).packages;
    std::erase_if(packages, [&](Id id) { return !universe.is_installed(id); });
    if (packages.empty()) {
      std::vector<std::string> names;
      for (const Id id : universe.packages()) {
        if (!universe.is_installed(id)) continue;
        names.emplace_back(pool_id2str(universe.pool(), universe.pool()->solvables[id].name));
      }
      const auto near = nearest(*request, names);
      diagnostics.report(request.at,
                         fmt::format("'{}' is not installed in the base image", *request),
                         near ? fmt::format("did you mean '{}'?", *near) : "remove it");
    }
    for (const Id id : packages) {
      jobs.push_back({how | SOLVER_SOLVABLE, id, request, {}});
    }
  }
}

}  // namespace

Excluded apply_excludes(Universe& universe, const std::vector<RepositoryExcludes>& repositories,
                        const std::vector<Located<std::string>>& excludes) {
  // All are matched before the first one takes effect, as dnf does.
  Excluded excluded;
  for (const auto& exclude : excludes) {
    for (const Id id : match_subject(universe, *exclude, MatchForms::packages).packages) {
      // What is installed can only be removed.
      if (!universe.is_installed(id)) excluded.emplace(id, exclude);
    }
  }
  for (const auto& repository : repositories) {
    for (const auto& exclude : repository.excludes) {
      for (const Id id : match_subject(universe, *exclude, MatchForms::packages).packages) {
        if (universe.repository_of(id) == repository.repository) excluded.emplace(id, exclude);
      }
    }
  }
  for (const auto& [id, exclude] : excluded) universe.exclude(id);
  return excluded;
}

std::vector<Job> make_jobs(const Universe& universe, const PackagesRequest& packages,
                           const Comps& comps, const Excluded& excluded, Progress& progress) {
  std::vector<Job> jobs;
  std::map<std::string, GroupWish> wishes;  // By package name: a group's order says nothing.
  Diagnostics diagnostics;
  const auto add_jobs = [&](const Located<std::string>& request, bool on_top) {
    if (request->starts_with('@')) {
      const auto groups = comps.find(request->substr(1));
      if (groups.empty()) {
        const auto near = nearest(request->substr(1), comps.ids());
        diagnostics.report(request.at, fmt::format("no group is called '{}'", *request),
                           near ? fmt::format("did you mean '@{}'?", *near) : std::string());
      }
      for (const Group* group : groups) {
        for (const GroupPackage& package : group->packages) {
          if (package.membership == Membership::optional) continue;
          wishes.emplace(package.name + "\n" + package.condition,
                         GroupWish{&package, group, request, on_top});
        }
      }
      return;
    }
    const Match match = match_subject(universe, *request, MatchForms::all);
    if (match.packages.empty()) {
      report_unknown(universe, excluded, request, diagnostics);
      return;
    }
    const std::size_t before = jobs.size();
    add_packages(universe, request, match, jobs);
    for (std::size_t i = before; i < jobs.size(); ++i) jobs[i].on_top = on_top;
  };
  for (const auto& request : packages.install) add_jobs(request, false);
  for (const auto& request : packages.on_top) add_jobs(request, true);
  add_installed_jobs(universe, packages.remove, SOLVER_ERASE, diagnostics, jobs);
  add_installed_jobs(universe, packages.update, SOLVER_UPDATE | SOLVER_FORCEBEST, diagnostics,
                     jobs);
  diagnostics.throw_if_any();
  if (packages.update_all && **packages.update_all) {
    jobs.push_back(
        {SOLVER_UPDATE | SOLVER_SOLVABLE_ALL, 0, {"update_all", packages.update_all->at}, {}});
  }
  for (const auto& [name, wish] : wishes) {
    const std::size_t before = jobs.size();
    add_group_package(universe, wish, progress, jobs);
    for (std::size_t i = before; i < jobs.size(); ++i) jobs[i].on_top = wish.on_top;
  }
  return jobs;
}

}  // namespace composer::solve
