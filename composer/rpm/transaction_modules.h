#pragma once

#include <cstdint>
#include <map>
#include <rpm/header.h>
#include <rpm/rpmfiles.h>
#include <rpm/rpmts.h>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "composer/rpm/transaction_channel.h"

namespace composer::rpm {

/// The indexes of kernel modules (modules.dep and its like), which depmod makes of all modules of a
/// kernel. Scriptlets run it once for each package of them. Where no scriptlet of the transaction
/// needs an index before it ends, depmod is told by its own configuration, in /run, to leave the
/// modules out (depmod.d(5), "exclude"), so that these calls make empty indexes at once. When all
/// packages are installed that have to do with modules, the other side makes the real ones, beside
/// the packages that follow; they are there before %posttrans. Of a kmod that does not know
/// "exclude" (before 30) the scriptlets' calls are as they were.
class ModuleIndexes {
 public:
  ModuleIndexes() = default;
  ModuleIndexes(const ModuleIndexes&) = delete;
  ModuleIndexes& operator=(const ModuleIndexes&) = delete;

  /// Notes what a package that is to be installed has of modules, and whether a scriptlet of it
  /// needs an index. `number` is its place in the request.
  void look_at(Header header, rpmfiles files, std::uint64_t number);
  /// Where there are modules to install, looks at what triggers installed packages have, and puts
  /// depmod off.
  /// @return  The packages with modules; empty where it is not put off.
  std::vector<std::uint64_t> put_off(rpmts transaction);

  /// The installation of a package begins, and what was before it is done. Where no further package
  /// has to do with modules, depmod is itself again, and the other side begins to make the indexes
  /// that were made since it was put off.
  void begun(std::uint64_t number, const TransactionChannel& channel);
  /// Makes sure that they are made. What a scriptlet changed meanwhile counts as well.
  void finish(const TransactionChannel& channel);

 private:
  void begin(const TransactionChannel& channel);
  std::vector<std::string> put_on();

  bool is_put_off_ = false;
  bool is_asked_for_ = false;         ///< An index, by a scriptlet.
  bool is_needed_ = false;            ///< There, by a scriptlet.
  std::set<std::uint64_t> packages_;  ///< With modules.
  std::set<std::uint64_t> to_come_;   ///< That have to do with modules and did not begin yet.
  std::set<std::string> folders_;     ///< Of modules, directly below the kernel's.
  std::map<std::string, std::string> before_;   ///< What indexes there were, by kernel.
  std::map<std::string, std::string> indexed_;  ///< Of what they are being made, by kernel.
};

/// What the text of a scriptlet has to do with indexes of modules: may change what they are made
/// of, has depmod make them, or uses them (or a program that does, or depmod in a way that cannot
/// be put off).
enum class ModuleUse { none, changes, indexes, uses };
ModuleUse module_use_of(std::string_view scriptlet);

}  // namespace composer::rpm
