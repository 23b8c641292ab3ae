#include "composer/solve/universe.h"

#include <algorithm>
#include <fmt/format.h>
#include <sstream>
#include <utility>

#include "composer/error.h"
#include "composer/solve/installed_repo.h"

namespace composer::solve {
namespace {

/// The names in a testtags text, `=Pkg: name version release arch`, each ended by a newline.
std::string names_in(const std::string& testtags) {
  constexpr std::string_view kTag = "=Pkg: ";
  std::string names;
  std::istringstream lines(testtags);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(kTag)) continue;
    line.erase(0, kTag.size());
    names += line.substr(0, line.find(' ')) + "\n";
  }
  return names;
}

void load(Repo* repo, UniverseSource& source) {
  int failed = 0;
  if (auto* solv = std::get_if<SolvFile>(&source.packages)) {
    failed = repo_add_solv(repo, solv->file.get(), 0);
  } else {
    std::string& text = std::get<std::string>(source.packages);
    const OpenFile file(::fmemopen(text.data(), text.size(), "r"));
    failed = text.empty() ? 0 : testcase_add_testtags(repo, file.get(), 0);
  }
  if (failed != 0) {
    throw Error(ErrorKind::build, fmt::format("cannot load repository '{}': {}", source.terms.id,
                                              pool_errstr(repo->pool)));
  }
}

}  // namespace

Universe::Universe(Architecture arch, std::vector<UniverseSource> sources,
                   const std::vector<rpm::InstalledDetails>& installed)
    : arch_(arch), pool_(pool_create()) {
  Pool* pool = pool_.get();
  // Debian's libsolv defaults to DISTTYPE_DEB; the flags are what libdnf sets.
  pool_setdisttype(pool, DISTTYPE_RPM);
  pool_set_flag(pool, POOL_FLAG_WHATPROVIDESWITHDISABLED, 1);
  pool_set_flag(pool, POOL_FLAG_IMPLICITOBSOLETEUSESCOLORS, 1);
  pool_setarch(pool, std::string(to_text(arch)).c_str());

  intern_names(sources, installed);
  for (UniverseSource& source : sources) {
    Repo* repo = repo_create(pool, source.terms.id.c_str());
    repo->priority = -source.terms.priority;
    repo->subpriority = -source.terms.cost;
    load(repo, source);
  }
  if (!installed.empty()) first_installed_ = add_installed(pool, installed);
  pool_addfileprovides(pool);
  pool_createwhatprovides(pool);
  map_init(&considered_, pool->nsolvables);
  map_setall(&considered_);
  list_packages();
}

void Universe::intern_names(const std::vector<UniverseSource>& sources,
                            const std::vector<rpm::InstalledDetails>& installed) {
  std::vector<std::string> of_testtags;
  of_testtags.reserve(sources.size());  // They stay where they are.
  std::vector<std::string_view> names;
  for (const UniverseSource& source : sources) {
    const auto* solv = std::get_if<SolvFile>(&source.packages);
    const std::string_view text =
        solv ? solv->names
             : of_testtags.emplace_back(names_in(std::get<std::string>(source.packages)));
    for (std::size_t begin = 0, end = 0; begin < text.size(); begin = end + 1) {
      end = std::min(text.find('\n', begin), text.size());
      names.push_back(text.substr(begin, end - begin));
    }
  }
  for (const rpm::InstalledDetails& package : installed) names.push_back(package.package.name);
  // Of one repository they are in order already.
  if (!std::is_sorted(names.begin(), names.end())) std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  names_.reserve(names.size());
  for (const std::string_view name : names) {
    names_.push_back(pool_strn2id(pool_.get(), name.data(), static_cast<unsigned>(name.size()), 1));
  }
}

void Universe::list_packages() {
  const Pool* pool = pool_.get();
  first_of_name_.resize(static_cast<std::size_t>(pool->ss.nstrings));
  next_of_name_.resize(static_cast<std::size_t>(pool->nsolvables));
  packages_.reserve(next_of_name_.size());
  for (Id id = 2; id < pool->nsolvables; ++id) {
    const Solvable& solvable = pool->solvables[id];
    if (!solvable.repo) continue;
    packages_.push_back(id);
    if (solvable.dep_obsoletes != 0) obsoleting_.push_back(id);
  }
  for (auto id = packages_.rbegin(); id != packages_.rend(); ++id) {
    Id& first = first_of_name_[static_cast<std::size_t>(pool->solvables[*id].name)];
    next_of_name_[static_cast<std::size_t>(*id)] = std::exchange(first, *id);
  }
}

std::vector<Id> Universe::named(std::string_view name) const {
  // Not pool_str2id: it would make the hash table of all strings anew, which libsolv has dropped.
  const auto text_of = [&](Id id) { return std::string_view(pool_id2str(pool_.get(), id)); };
  const auto found =
      std::lower_bound(names_.begin(), names_.end(), name,
                       [&](Id id, std::string_view wanted) { return text_of(id) < wanted; });
  std::vector<Id> packages;
  if (found == names_.end() || text_of(*found) != name) return packages;
  for (Id id = first_of_name_[static_cast<std::size_t>(*found)]; id != 0;
       id = next_of_name_[static_cast<std::size_t>(id)]) {
    packages.push_back(id);
  }
  return packages;
}

Universe::~Universe() {
  map_free(&considered_);
}

std::string_view Universe::repository_of(Id package) const {
  return pool_->solvables[package].repo->name;
}

std::string Universe::nevra(Id package) const {
  return pool_solvid2str(pool_.get(), package);
}

void Universe::exclude(Id package) {
  // MAPCLR without its implicit conversion.
  const auto bit = static_cast<unsigned char>(1U << (package & 7));
  considered_.map[package >> 3] = static_cast<unsigned char>(considered_.map[package >> 3] & ~bit);
  pool_->considered = &considered_;
  const auto at = std::lower_bound(packages_.begin(), packages_.end(), package);
  if (at != packages_.end() && *at == package) packages_.erase(at);
}

void Universe::keep_only(const std::set<Id>& packages) {
  std::erase_if(packages_, [&](Id package) { return !packages.contains(package); });
  map_empty(&considered_);
  const auto keep = [&](Id package) {
    const auto bit = static_cast<unsigned char>(1U << (package & 7));
    considered_.map[package >> 3] = static_cast<unsigned char>(considered_.map[package >> 3] | bit);
  };
  keep(SYSTEMSOLVABLE);
  for (const Id package : packages_) keep(package);
  pool_->considered = &considered_;
}

bool Universe::is_excluded(Id package) const {
  return !MAPTST(&considered_, package);
}

std::vector<Id> Universe::providers(Id dependency) const {
  std::vector<Id> found;
  Pool* pool = pool_.get();
  Id package = 0, offset = 0;
  FOR_PROVIDES(package, offset, dependency) found.push_back(package);
  return found;
}

bool is_in_primary(std::string_view path) {
  return path.find("bin/") != std::string_view::npos || path.starts_with("/etc/") ||
         path == "/usr/lib/sendmail";
}

namespace {

/// Walks from packages to what may be installed for them.
class Reach {
 public:
  Reach(const Universe& universe, bool weak) : universe_(&universe), weak_(weak) {
    const auto* pool = universe.pool();
    seen_packages_.resize(static_cast<std::size_t>(pool->nsolvables));
  }

  void add(Id package) {
    if (package <= SYSTEMSOLVABLE || seen_packages_[static_cast<std::size_t>(package)]) return;
    seen_packages_[static_cast<std::size_t>(package)] = true;
    next_.push_back(package);
  }

  bool finds_other_file() {
    while (!next_.empty() && !found_) {
      const Id package = next_.back();
      next_.pop_back();
      Solvable* solvable = pool_id2solvable(universe_->pool(), package);
      walk(solvable, SOLVABLE_REQUIRES, true);
      walk(solvable, SOLVABLE_CONFLICTS, false);
      if (!weak_) continue;
      walk(solvable, SOLVABLE_RECOMMENDS, true);
      walk(solvable, SOLVABLE_SUPPLEMENTS, false);
    }
    return found_;
  }

 private:
  void walk(Solvable* solvable, Id key, bool follow) {
    IdQueue dependencies;
    solvable_lookup_idarray(solvable, key, dependencies.get());
    for (int i = 0; i < dependencies.size(); ++i) {
      note_files(dependencies[i]);
      if (!follow) continue;
      for (const Id provider : universe_->providers(dependencies[i])) add(provider);
    }
  }

  void note_files(Id dependency) {
    if (ISRELDEP(dependency)) {
      const Reldep* relation = GETRELDEP(universe_->pool(), dependency);
      note_files(relation->name);
      // Of a version comparison the right side is a version.
      if (relation->flags > 7) note_files(relation->evr);
      return;
    }
    const std::string_view text = pool_id2str(universe_->pool(), dependency);
    if (text.starts_with('/') && !is_in_primary(text)) found_ = true;
  }

  const Universe* universe_;
  bool weak_, found_ = false;
  std::vector<bool> seen_packages_;
  std::vector<Id> next_;
};

}  // namespace

bool needs_filelists(const Universe& universe, const std::vector<Id>& roots, bool weak) {
  Reach reach(universe, weak);
  for (const Id root : roots) reach.add(root);
  if (weak) {
    // A package that supplements another one may come in without being named by it.
    for (const Id package : universe.packages()) {
      if (universe.pool()->solvables[package].dep_supplements != 0) reach.add(package);
    }
  }
  return reach.finds_other_file();
}

}  // namespace composer::solve
