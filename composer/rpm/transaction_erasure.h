#pragma once

#include <rpm/rpmts.h>
#include <string>
#include <vector>

namespace composer::rpm {

/// Marks every installed package of these names to be erased.
/// @throws Error  naming those that are not installed.
void mark_for_erasure(rpmts transaction, const std::vector<std::string>& names);

/// Whether one of these packages brings the shell that scriptlets are run by.
bool erases_the_shell(rpmts transaction, const std::vector<std::string>& names);

/// Which packages that remain need something of those of these names, one line each, in rpm's
/// order; at most 20. In a transaction of its own: one that was found wanting does not run.
std::vector<std::string> left_wanting(const std::vector<std::string>& names);

/// The database under another name while packages are erased: rpm's own package lists the database
/// as its files (Fedora's rpm.spec, %ghost), and erasing it takes them along.
class DatabaseAside {
 public:
  /// @param path  Absolute, in the root that is "/" here.
  explicit DatabaseAside(const std::string& path);

  /// Where it is now.
  const std::string& path() const { return aside_; }
  /// Puts it back in its place. @throws Error  when that cannot be.
  void put_back() const;

 private:
  std::string place_, aside_;
};

}  // namespace composer::rpm
