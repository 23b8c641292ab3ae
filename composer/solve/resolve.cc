#include "composer/solve/resolve.h"

#include <algorithm>
#include <fmt/format.h>

#include "composer/error.h"
#include "composer/host/interrupt.h"
#include "composer/solve/goal.h"
#include "composer/solve/metadata.h"
#include "composer/solve/planned_package.h"

namespace composer::solve {
namespace {

using Detail = MetadataReader::Detail;

/// The packages of all repositories, those that are excluded taken out.
struct Choice {
  std::unique_ptr<Universe> universe;
  Excluded excluded;
};

Choice load_universe(const Blueprint& blueprint, const std::vector<OpenRepository>& repositories,
                     const std::vector<rpm::InstalledDetails>& installed, MetadataReader& reader,
                     Detail detail) {
  std::vector<SolvFile> files = reader.load(repositories, detail);
  std::vector<UniverseSource> sources;
  std::vector<RepositoryExcludes> excludes;
  for (std::size_t i = 0; i < repositories.size(); ++i) {
    const RepositoryRequest& request = *repositories[i].request;
    sources.push_back({{*request.id, request.priority, request.cost}, std::move(files[i])});
    excludes.push_back({*request.id, request.excludes});
  }
  Choice choice;
  choice.universe = std::make_unique<Universe>(*blueprint.arch, std::move(sources), installed);
  choice.excluded = apply_excludes(*choice.universe, excludes, blueprint.packages.exclude);
  return choice;
}

bool asks_for_group(const PackagesRequest& packages) {
  return std::any_of(packages.install.begin(), packages.install.end(),
                     [](const auto& request) { return request->starts_with('@'); });
}

/// Files that primary metadata does not list are asked for by name.
bool asks_for_other_file(const PackagesRequest& packages) {
  return std::any_of(packages.install.begin(), packages.install.end(), [](const auto& request) {
    if (request->starts_with("*/")) return true;
    return request->starts_with('/') &&
           (!is_in_primary(*request) || request->find_first_of("*?[") != std::string::npos);
  });
}

std::vector<Id> candidates_of(const std::vector<Job>& jobs) {
  std::vector<Id> ids;
  for (const Job& job : jobs) ids.insert(ids.end(), job.candidates.begin(), job.candidates.end());
  return ids;
}

/// Of what is installed, what is not chosen.
std::vector<std::string> removed_packages(const std::vector<Chosen>& chosen,
                                          const Universe& universe,
                                          const std::vector<rpm::InstalledDetails>& installed) {
  std::vector<bool> stays(installed.size());
  for (const Chosen& choice : chosen) {
    if (!universe.is_installed(choice.package)) continue;
    stays[universe.installed_index(choice.package)] = true;
  }
  std::vector<std::string> removed;
  for (std::size_t i = 0; i < installed.size(); ++i) {
    if (!stays[i]) removed.push_back(planned_package(installed[i]).nevra());
  }
  std::sort(removed.begin(), removed.end());
  return removed;
}

}  // namespace

Resolution resolve(const Blueprint& blueprint, const std::filesystem::path& cache,
                   Progress& progress, const std::vector<rpm::InstalledDetails>& installed) {
  const PackagesRequest& packages = blueprint.packages;
  const WeakDependencies weak =
      packages.weak_dependencies ? WeakDependencies::install : WeakDependencies::ignore;

  progress.begin(Stage::metadata, {});
  MetadataReader reader(blueprint, cache, progress);
  std::vector<OpenRepository> repositories = reader.open();
  Comps comps(*blueprint.arch);
  if (asks_for_group(packages)) {
    for (const auto& [document, url] : reader.read_groups(repositories)) comps.add(document, url);
  }
  const Detail first = asks_for_other_file(packages) ? Detail::filelists : Detail::primary;
  Choice choice = load_universe(blueprint, repositories, installed, reader, first);
  std::vector<Job> jobs;
  const auto decide_jobs = [&] {
    jobs = with_context("while resolving the package set", [&] {
      return make_jobs(*choice.universe, packages, comps, choice.excluded, progress);
    });
  };
  decide_jobs();
  if (first == Detail::primary &&
      needs_filelists(*choice.universe, candidates_of(jobs), packages.weak_dependencies)) {
    choice = load_universe(blueprint, repositories, installed, reader, Detail::filelists);
    decide_jobs();
  }
  progress.end(Stage::metadata, {reader.files_fetched(), reader.bytes_fetched()});
  host::throw_if_interrupted();

  progress.begin(Stage::solve, {choice.universe->packages().size(), {}});
  Resolution resolution;
  with_context("while resolving the package set", [&] {
    const auto chosen = solve_jobs(*choice.universe, jobs, weak, choice.excluded);
    resolution.packages = planned_packages(*choice.universe, chosen, installed);
    resolution.removed = removed_packages(chosen, *choice.universe, installed);
  });
  Bytes total;
  for (const PlannedPackage& package : resolution.packages) total += package.size;  // To fetch.
  for (OpenRepository& repository : repositories) {
    resolution.repositories.push_back(std::move(repository.planned));
  }
  std::sort(resolution.repositories.begin(), resolution.repositories.end(),
            [](const auto& a, const auto& b) { return a.id < b.id; });
  progress.end(Stage::solve, {resolution.packages.size(), total});
  return resolution;
}

}  // namespace composer::solve
