#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "composer/blueprint.h"

namespace composer::solve {

/// What a group says of one of its packages.
enum class Membership { mandatory, standard, optional, conditional };

struct GroupPackage {
  std::string name;
  Membership membership = Membership::mandatory;
  std::string condition;       ///< Conditional: only when this package is there.
  bool basearch_only = false;  ///< Only the build for the architecture itself.

  friend bool operator==(const GroupPackage&, const GroupPackage&) = default;
};

struct Group {
  std::string id, name;
  std::vector<GroupPackage> packages;
};

struct Environment {
  std::string id, name;
  std::vector<std::string> groups;  ///< Ids of those that always come with it.
};

/// The package groups of all repositories (comps.xml).
class Comps {
 public:
  explicit Comps(Architecture arch) : arch_(to_text(arch)) {}

  /// Adds one repository's groups; packages of a group that is there already are added to it.
  /// @throws Error  of kind build naming `what`.
  void add(std::string_view document, std::string_view what);

  /// The groups that `pattern` (what follows the `@`) names: by id or name; else, as a glob and in
  /// any case, by id or name; an environment stands for its mandatory groups. By id.
  /// Source: dnf 4.14, comps._by_pattern and Base.env_group_install.
  std::vector<const Group*> find(std::string_view pattern) const;

  /// Ids of all groups and environments, for suggestions.
  std::vector<std::string> ids() const;

 private:
  std::string arch_;
  std::map<std::string, Group> groups_;
  std::map<std::string, Environment> environments_;
};

}  // namespace composer::solve
