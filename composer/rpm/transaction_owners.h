#pragma once

#include <rpm/rpmts.h>
#include <set>
#include <string>

namespace composer::rpm {

/// Users and groups that rpm did not find when it unpacked a file of theirs. It then makes root the
/// owner (or, 4.18, whoever was looked up before: it remembers the name that it failed to find).
struct UnknownOwners {
  std::set<std::string> users, groups;
  bool empty() const { return users.empty() && groups.empty(); }
};

/// Gives the files of these users and groups their owners, which a later package has made by now.
/// "/" is the root that was installed.
/// @throws Error  naming every package, user and file, when there is still no such user.
void give_to_late_owners(rpmts transaction, const UnknownOwners& unknown);

}  // namespace composer::rpm
