#include "composer/solve/installed_repo.h"

#include <fmt/format.h>
#include <string>

namespace composer::solve {
namespace {

std::string evr_of(const rpm::InstalledPackage& package) {
  const std::string epoch = package.epoch == 0 ? "" : fmt::format("{}:", package.epoch);
  return fmt::format("{}{}-{}", epoch, package.version, package.release);
}

/// libsolv's Id of a dependency; 0 where there is none to speak of.
Id dependency_id(Pool* pool, const rpm::Dependency& dependency) {
  if (dependency.name.starts_with('(')) {
    return pool_parserpmrichdep(pool, dependency.name.c_str());
  }
  const Id name = pool_str2id(pool, dependency.name.c_str(), 1);
  const int flags = (dependency.less ? REL_LT : 0) | (dependency.greater ? REL_GT : 0) |
                    (dependency.equal ? REL_EQ : 0);
  if (flags == 0 || dependency.evr.empty()) return name;
  return pool_rel2id(pool, name, pool_str2id(pool, dependency.evr.c_str(), 1), flags, 1);
}

/// The list of dependencies at the end of `list`, libsolv's way of adding to one.
Offset add_dependencies(Repo* repo, Offset list, const std::vector<rpm::Dependency>& dependencies) {
  for (const rpm::Dependency& dependency : dependencies) {
    if (const Id id = dependency_id(repo->pool, dependency)) {
      list = repo_addid_dep(repo, list, id, 0);
    }
  }
  return list;
}

void add_files(Repodata* data, Id package, const std::vector<std::string>& files) {
  for (const std::string& path : files) {
    const auto slash = path.rfind('/');
    if (slash == std::string::npos) continue;
    const std::string folder = slash == 0 ? "/" : path.substr(0, slash);
    const Id directory = repodata_str2dir(data, folder.c_str(), 1);
    repodata_add_dirstr(data, package, SOLVABLE_FILELIST, directory, path.c_str() + slash + 1);
  }
}

}  // namespace

Id add_installed(Pool* pool, const std::vector<rpm::InstalledDetails>& installed) {
  Repo* repo = repo_create(pool, kInstalledRepo);
  Repodata* data = repo_add_repodata(repo, 0);
  const Id first = repo_add_solvable_block(repo, static_cast<int>(installed.size()));
  for (std::size_t i = 0; i < installed.size(); ++i) {
    const rpm::InstalledDetails& found = installed[i];
    const Id id = first + static_cast<Id>(i);
    Solvable* solvable = pool_id2solvable(pool, id);
    solvable->name = pool_str2id(pool, found.package.name.c_str(), 1);
    solvable->evr = pool_str2id(pool, evr_of(found.package).c_str(), 1);
    solvable->arch =
        pool_str2id(pool, found.package.arch.empty() ? "noarch" : found.package.arch.c_str(), 1);
    if (!found.vendor.empty()) solvable->vendor = pool_str2id(pool, found.vendor.c_str(), 1);
    solvable->dep_requires = add_dependencies(repo, 0, found.requires_);
    solvable->dep_provides = add_dependencies(repo, 0, found.provides);
    solvable->dep_conflicts = add_dependencies(repo, 0, found.conflicts);
    solvable->dep_obsoletes = add_dependencies(repo, 0, found.obsoletes);
    solvable->dep_recommends = add_dependencies(repo, 0, found.recommends);
    solvable->dep_supplements = add_dependencies(repo, 0, found.supplements);
    // Of itself; packages of old builds do not say so.
    solvable->dep_provides =
        repo_addid_dep(repo, solvable->dep_provides,
                       pool_rel2id(pool, solvable->name, solvable->evr, REL_EQ, 1), 0);
    add_files(data, id, found.files);
  }
  repodata_internalize(data);
  pool_set_installed(pool, repo);
  return first;
}

}  // namespace composer::solve
