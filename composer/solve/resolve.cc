#include "composer/solve/resolve.h"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

#include "composer/error.h"
#include "composer/host/interrupt.h"
#include "composer/solve/goal.h"
#include "composer/solve/metadata.h"
#include "composer/solve/planned_package.h"

namespace composer::solve {
namespace {

using Detail = MetadataReader::Detail;

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

std::vector<std::string> requests_of(const PackagesRequest& packages) {
  std::vector<std::string> requests;
  for (const auto* list : {&packages.install, &packages.on_top}) {
    for (const auto& request : *list) requests.push_back(*request);
  }
  return requests;
}

bool asks_for_group(const PackagesRequest& packages) {
  const std::vector<std::string> requests = requests_of(packages);
  return std::any_of(requests.begin(), requests.end(),
                     [](const std::string& request) { return request.starts_with('@'); });
}

/// Files that primary metadata does not list are asked for by name.
bool asks_for_other_file(const PackagesRequest& packages) {
  const std::vector<std::string> requests = requests_of(packages);
  return std::any_of(requests.begin(), requests.end(), [](const std::string& request) {
    if (request.starts_with("*/")) return true;
    return request.starts_with('/') &&
           (!is_in_primary(request) || request.find_first_of("*?[") != std::string::npos);
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

/// One blueprint's way from its repositories to packages.
class Resolver {
 public:
  Resolver(const Blueprint& blueprint, const std::filesystem::path& cache, Progress& progress,
           const std::vector<rpm::InstalledDetails>& installed)
      : blueprint_(&blueprint),
        progress_(&progress),
        installed_(&installed),
        reader_(blueprint, cache, progress),
        comps_(*blueprint.arch) {}

  /// Stage `metadata`. Afterwards `choice` and `jobs` are there.
  void load() {
    const PackagesRequest& packages = blueprint_->packages;
    progress_->begin(Stage::metadata, {});
    repositories_ = reader_.open();
    if (asks_for_group(packages)) {
      for (const auto& [document, url] : reader_.read_groups(repositories_)) {
        comps_.add(document, url);
      }
    }
    detail_ = asks_for_other_file(packages) ? Detail::filelists : Detail::primary;
    load_packages();
    if (detail_ == Detail::primary &&
        needs_filelists(*choice.universe, candidates_of(jobs), packages.weak_dependencies)) {
      detail_ = Detail::filelists;
      load_packages();
    }
    progress_->end(Stage::metadata, {reader_.files_fetched(), reader_.bytes_fetched()});
    host::throw_if_interrupted();
  }

  /// All packages anew, those that were held as well.
  void load_packages() {
    choice = load_universe(*blueprint_, repositories_, *installed_, reader_, detail_);
    jobs = make_jobs(*progress_);
  }

  std::vector<Job> make_jobs(Progress& progress) const {
    return with_context(kContext, [&] {
      return solve::make_jobs(*choice.universe, blueprint_->packages, comps_, choice.excluded,
                              progress);
    });
  }

  /// Stage `solve`.
  void begin() { progress_->begin(Stage::solve, {choice.universe->packages().size(), {}}); }

  WeakDependencies weak() const {
    return blueprint_->packages.weak_dependencies ? WeakDependencies::install
                                                  : WeakDependencies::ignore;
  }

  Resolution finish(std::vector<Chosen> chosen) {
    Resolution resolution;
    with_context(kContext, [&] {
      mark_on_top(*choice.universe, jobs, weak(), choice.excluded, chosen);
      resolution.packages = planned_packages(*choice.universe, chosen, *installed_);
      resolution.removed = removed_packages(chosen, *choice.universe, *installed_);
    });
    Bytes total;
    for (const PlannedPackage& package : resolution.packages) total += package.size;  // To fetch.
    for (OpenRepository& repository : repositories_) {
      resolution.repositories.push_back(std::move(repository.planned));
    }
    std::sort(resolution.repositories.begin(), resolution.repositories.end(),
              [](const auto& a, const auto& b) { return a.id < b.id; });
    progress_->end(Stage::solve, {resolution.packages.size(), total});
    return resolution;
  }

  static constexpr const char* kContext = "while resolving the package set";
  Choice choice;
  std::vector<Job> jobs;

 private:
  const Blueprint* blueprint_;
  Progress* progress_;
  const std::vector<rpm::InstalledDetails>* installed_;
  MetadataReader reader_;
  Comps comps_;
  std::vector<OpenRepository> repositories_;
  Detail detail_ = Detail::primary;
};

}  // namespace

Resolution resolve(const Blueprint& blueprint, const std::filesystem::path& cache,
                   Progress& progress, const std::vector<rpm::InstalledDetails>& installed) {
  Resolver resolver(blueprint, cache, progress, installed);
  resolver.load();
  resolver.begin();
  return resolver.finish(with_context(Resolver::kContext, [&] {
    return solve_jobs(*resolver.choice.universe, resolver.jobs, resolver.weak(),
                      resolver.choice.excluded);
  }));
}

Resolution resolve_holding(const Blueprint& blueprint, const std::filesystem::path& cache,
                           Progress& progress, const Held& held) {
  const std::vector<rpm::InstalledDetails> nothing;
  Resolver resolver(blueprint, cache, progress, nothing);
  resolver.load();
  resolver.begin();
  SilentProgress silent;  // What the requests come to was told once.
  bool loaded = true;
  HoldingSteps steps;
  steps.reload = [&]() -> Choice& {
    if (!std::exchange(loaded, false)) resolver.load_packages();
    return resolver.choice;
  };
  steps.jobs = [&] { return resolver.make_jobs(silent); };
  steps.weak = resolver.weak();
  return resolver.finish(
      with_context(Resolver::kContext, [&] { return solve_holding(held, steps, progress); }));
}

}  // namespace composer::solve
