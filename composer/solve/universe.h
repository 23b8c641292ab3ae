#pragma once

#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "composer/blueprint.h"
#include "composer/rpm/installed_details.h"
#include "composer/solve/libsolv.h"
#include "composer/solve/solv_file.h"

namespace composer::solve {

/// What the solver must know of a repository beside its packages.
struct RepositoryTerms {
  std::string id;
  int priority = 99;  ///< dnf's: lower wins.
  int cost = 1000;    ///< dnf's: lower wins between equal packages.
};

/// A repository's packages: from the cache, or as text in libsolv's testtags format (tests).
struct UniverseSource {
  RepositoryTerms terms;
  std::variant<SolvFile, std::string> packages;
};

/// All packages that there are to choose from: libsolv's Pool, made ready for the solver.
///
/// The names of all packages are interned first and in order, since libsolv decides between equally
/// good packages of different names by the number of the name: so a choice depends on the names
/// alone, not on the order of the metadata, and not on whether XML or a .solv file was read.
class Universe {
 public:
  /// @param sources  In the blueprint's order: between packages that are equal in all else, the
  ///                 first repository wins.
  /// @throws Error  of kind build when a repository cannot be loaded.
  /// @param installed  What is installed already, in an image that is changed.
  Universe(Architecture arch, std::vector<UniverseSource> sources,
           const std::vector<rpm::InstalledDetails>& installed = {});
  Universe(const Universe&) = delete;
  Universe& operator=(const Universe&) = delete;
  ~Universe();

  Pool* pool() const { return pool_.get(); }
  Architecture arch() const { return arch_; }
  std::string_view repository_of(Id package) const;
  /// `name-[epoch:]version-release.arch`
  std::string nevra(Id package) const;

  bool is_installed(Id package) const {
    return pool_->installed && pool_->solvables[package].repo == pool_->installed;
  }
  /// Its index in `installed`, where it is one of them.
  std::size_t installed_index(Id package) const {
    return static_cast<std::size_t>(package - first_installed_);
  }

  /// Every package that is not excluded, by Id.
  const std::vector<Id>& packages() const { return packages_; }
  /// The packages of this name, by Id, excluded ones too.
  std::vector<Id> named(std::string_view name) const;
  /// The packages that obsolete something, by Id, excluded ones too.
  const std::vector<Id>& obsoleting() const { return obsoleting_; }
  /// From now on `package` is not to be had.
  void exclude(Id package);
  bool is_excluded(Id package) const;
  /// From now on nothing is to be had but `packages`.
  void keep_only(const std::set<Id>& packages);

  /// The packages that provide `dependency`, in libsolv's order, excluded ones too.
  std::vector<Id> providers(Id dependency) const;

 private:
  void intern_names(const std::vector<UniverseSource>& sources,
                    const std::vector<rpm::InstalledDetails>& installed);
  void list_packages();

  Architecture arch_;
  PoolHandle pool_;
  Map considered_{};
  Id first_installed_ = 0;  ///< They follow each other in their order.
  std::vector<Id> packages_, obsoleting_;
  std::vector<Id> names_;          ///< Of all packages, in the order of their text.
  std::vector<Id> first_of_name_;  ///< By the name's Id; 0 where no package has it.
  std::vector<Id> next_of_name_;   ///< By the package's Id; 0 after the last.
};

/// True where a file of this path is in the primary metadata already (createrepo_c puts those of
/// bin folders, of /etc and /usr/lib/sendmail there).
bool is_in_primary(std::string_view path);

/// True when a package that can be reached from `roots` by its dependencies needs a file that the
/// primary metadata does not list: only with the file lists is the result then the right one.
bool needs_filelists(const Universe& universe, const std::vector<Id>& roots, bool weak);

}  // namespace composer::solve
