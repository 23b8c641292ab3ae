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
  bool is_put_off() const { return is_put_off_; }

  /// The installation of a package begins, and what was before it is done.
  /// @return  Whether no further package has to do with modules.
  bool begun(std::uint64_t number);
  /// depmod is itself again.
  /// @return  The kernels whose index was made since it was put off, sorted.
  std::vector<std::string> put_on();

 private:
  bool is_put_off_ = false;
  bool is_needed_ = false;            ///< An index, by a scriptlet.
  std::set<std::uint64_t> packages_;  ///< With modules.
  std::set<std::uint64_t> to_come_;   ///< That have to do with modules and did not begin yet.
  std::set<std::string> folders_;     ///< Of modules, directly below the kernel's.
  std::map<std::string, std::string> before_;  ///< What indexes there were, by kernel.
};

/// What the text of a scriptlet has to do with indexes of modules: `uses` them, or a program that
/// does; may `change` what they are made of, or makes them.
enum class ModuleUse { none, changes, uses };
ModuleUse module_use_of(std::string_view scriptlet);

}  // namespace composer::rpm
