#pragma once

#include <map>
#include <rpm/rpmts.h>
#include <set>
#include <string>
#include <vector>

namespace composer::rpm {

/// The installed packages that leave in a transaction that installs others.
class LeavingPackages {
 public:
  /// @param nevras  `name-[epoch:]version-release.arch`, the epoch where it is not zero.
  /// @throws Error  naming those that are not installed.
  LeavingPackages(rpmts transaction, const std::vector<std::string>& nevras);

  /// Whether a package of this name is installed and does not leave: one more comes beside it.
  bool some_stay(const std::string& name) const { return stay_.contains(name); }

  /// Marks those that leave and that rpm does not see leave by itself, for a package of the same
  /// name that comes in.
  /// @param incoming  Names of what comes in; added to the transaction before.
  void mark(rpmts transaction, const std::multiset<std::string>& incoming) const;

 private:
  std::map<unsigned, std::string> leave_;  ///< Place in the database, and name.
  std::set<std::string> stay_;             ///< Names.
};

}  // namespace composer::rpm
