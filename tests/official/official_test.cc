#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>

#include "composer/base/checksum.h"
#include "composer/blueprint.h"
#include "composer/describe.h"
#include "composer/plan/decide.h"
#include "composer/plan/lock.h"
#include "composer/plan/plan_json.h"
#include "composer/solve/goal.h"
#include "composer/solve/repository_source.h"

#include "tests/unit/blueprint/acceptance.h"
#include "tests/unit/solve/text_universe.h"

// Every official blueprint is planned against a text universe: the packages that its names and
// their dependencies come to, its disk, what is configured. Names are Azure Linux's; versions are
// made up, and relations are those of the lab distribution (Debian's) where it has the package.

using namespace composer;
namespace fs = std::filesystem;

namespace {

std::string universe_text(const std::string& name, Architecture arch) {
  std::string text =
      test::content_of(fmt::format("{}/data/universe/{}.txt", COMPOSER_TEST_DATA, name));
  REQUIRE_FALSE(text.empty());
  if (arch == Architecture::aarch64) {
    const std::string from = ".x86_64\n", to = ".aarch64\n";
    for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + 1)) {
      text.replace(at, from.size(), to);
    }
  }
  return solve::test::to_testtags(text);
}

/// `name-version-release.arch` as a planned package; the text universe knows nothing else of it.
PlannedPackage planned(const std::string& nevra, PackageReason reason) {
  const auto dot = nevra.rfind('.');
  const auto release = nevra.rfind('-', dot);
  const auto version = nevra.rfind('-', release - 1);
  PlannedPackage package;
  package.name = nevra.substr(0, version);
  package.version = nevra.substr(version + 1, release - version - 1);
  package.release = nevra.substr(release + 1, dot - release - 1);
  package.arch = nevra.substr(dot + 1);
  package.repository = "universe";
  package.reason = reason;
  return package;
}

/// What resolving finds in the universe; the repositories are the blueprint's, as written.
solve::Resolution resolve_in(const std::string& universe_name, const Blueprint& blueprint) {
  std::vector<solve::UniverseSource> sources;
  sources.push_back({{"universe", 99, 1000}, universe_text(universe_name, *blueprint.arch)});
  solve::Universe universe(*blueprint.arch, std::move(sources));
  const auto excluded = solve::apply_excludes(universe, {}, blueprint.packages.exclude);
  SilentProgress progress;
  const auto jobs = solve::make_jobs(universe, blueprint.packages, solve::Comps(*blueprint.arch),
                                     excluded, progress);
  const auto weak = blueprint.packages.weak_dependencies ? solve::WeakDependencies::install
                                                         : solve::WeakDependencies::ignore;
  solve::Resolution resolution;
  for (const solve::Chosen& chosen : solve::solve_jobs(universe, jobs, weak, excluded)) {
    resolution.packages.push_back(planned(universe.nevra(chosen.package), chosen.reason));
  }
  std::sort(resolution.packages.begin(), resolution.packages.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  for (const RepositoryRequest& repository : blueprint.repositories) {
    PlannedRepository planned;
    planned.id = *repository.id;
    for (const auto& url : repository.baseurls) planned.baseurls.push_back(*url);
    resolution.repositories.push_back(std::move(planned));
  }
  return resolution;
}

void check_plan(const fs::path& path, const std::string& universe) {
  INFO(path.string());
  const Blueprint blueprint = read_blueprint(path);
  check(blueprint);
  const Plan plan = decide(blueprint, resolve_in(universe, blueprint), "golden", 1767225600);
  std::string text = describe(plan);
  // What the text universe has nothing to say about.
  for (const std::string& noise : {std::string("    0 bytes"), std::string("  universe")}) {
    for (auto at = text.find(noise); at != std::string::npos; at = text.find(noise)) {
      text.erase(at, noise.size());
    }
  }
  test::compare_with_file(text, fmt::format("{}/golden/official/{}.expected", COMPOSER_TEST_DATA,
                                            path.stem().string()));
}

/// What a repository would say of each package is made up from its name, so that the lock is whole.
void check_lock(const fs::path& path, const std::string& universe) {
  INFO(path.string());
  const Blueprint blueprint = read_blueprint(path);
  solve::Resolution resolution = resolve_in(universe, blueprint);
  for (PlannedPackage& package : resolution.packages) {
    package.repository = resolution.repositories.at(0).id;
    package.location = fmt::format("Packages/{}.rpm", package.nevra());
    package.checksum_type = "sha256";
    package.checksum = sha256_hex(package.nevra());
    package.size = {package.nevra().size()};
    package.signing_key = std::string(40, 'A');
  }
  for (PlannedRepository& repository : resolution.repositories) {
    repository.repomd_sha256 = sha256_hex(repository.id);
    for (std::string& url : repository.baseurls) {
      url = solve::absolute_url({url, {}}, blueprint);
    }
  }
  const Plan plan = decide(blueprint, std::move(resolution), "golden", 1767225600);
  const std::string text = to_json(lock_of(blueprint, plan));
  test::compare_with_file(
      text, fmt::format("{}/golden/official/{}.lock", COMPOSER_TEST_DATA, path.stem().string()));
  // A build from it is of the very same packages.
  const Lock lock = parse_lock(text, "golden.lock");
  CHECK(to_json(decide(blueprint, locked_resolution(blueprint, lock, "golden.lock"), "golden",
                       lock.source_date_epoch)) == to_json(plan));
}

std::vector<fs::path> blueprints_in(const std::string& folder) {
  std::vector<fs::path> paths;
  for (const auto& entry : fs::directory_iterator(std::string(COMPOSER_SOURCE_DIR) + folder)) {
    if (entry.path().extension() == ".yaml") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  REQUIRE_FALSE(paths.empty());
  return paths;
}

}  // namespace

TEST_CASE("the official images of Azure Linux 4.0 are planned as the golden texts say") {
  for (const fs::path& path : blueprints_in("/blueprints/azure-linux-4.0")) {
    check_plan(path, "azurelinux-4.0");
  }
}

TEST_CASE("the node of AKS is planned as the golden text says") {
  check_plan(std::string(COMPOSER_SOURCE_DIR) + "/blueprints/azure-linux-3.0/aks-node.yaml",
             "azurelinux-3.0-aks");
}

TEST_CASE("the official images are locked as the golden files say") {
  for (const fs::path& path : blueprints_in("/blueprints/azure-linux-4.0")) {
    check_lock(path, "azurelinux-4.0");
  }
  check_lock(std::string(COMPOSER_SOURCE_DIR) + "/blueprints/azure-linux-3.0/aks-node.yaml",
             "azurelinux-3.0-aks");
}

TEST_CASE("the lab's twins of the official images extend them without a mistake") {
  for (const fs::path& path : blueprints_in("/blueprints/lab/official")) {
    INFO(path.string());
    CHECK_NOTHROW(check(read_blueprint(path)));
  }
}
