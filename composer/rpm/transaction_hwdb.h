#pragma once

#include <cstdint>
#include <rpm/header.h>
#include <rpm/rpmfiles.h>
#include <rpm/rpmts.h>
#include <set>
#include <string>
#include <sys/types.h>
#include <vector>

namespace composer::rpm {

/// udev's hardware database: one file, which `systemd-hwdb update` compiles of all files in hwdb.d.
/// Scriptlets ask for that once for each package that brings such a file and once more at the end,
/// each time for all of them. Where a package declares the compiled file as its own (%ghost), these
/// calls are put off by systemd's own switch, SYSTEMD_HWDB_UPDATE_BYPASS (docs/ENVIRONMENT.md of
/// systemd, since 256), and it is compiled once: beside the packages that follow the last one with
/// such a file, or at the end. What a systemd that does not know the switch writes is the same.
class HardwareDatabase {
 public:
  HardwareDatabase() = default;
  HardwareDatabase(const HardwareDatabase&) = delete;
  HardwareDatabase& operator=(const HardwareDatabase&) = delete;

  /// Notes what a package that is to be installed has of it. `nevra` is its name, `number` its
  /// place in the request.
  void look_at(rpmfiles files, const std::string& nevra, std::uint64_t number);
  /// Looks for a package that is installed already and declares the file, and puts the calls of the
  /// scriptlets to come off. Changes the environment of this process.
  void put_off(rpmts transaction);

  bool is_put_off() const { return !declared_.empty(); }
  /// The installation of a package begins, and what was before it is done.
  void begun(std::uint64_t number);
  /// Whether it must be compiled: it was put off, and some package brought a file of hwdb.d.
  bool is_due() const { return is_put_off() && changed_; }
  /// The package that declares the file.
  const std::string& owner() const { return declared_.front().owner; }
  /// Compiles it in "/", unless that was begun and its files are still those, and waits.
  /// @returns  Whether that went well; a root without systemd-hwdb has nothing to compile.
  bool compile();

 private:
  struct Declared {
    const char* path;
    std::string owner;
  };

  std::vector<Declared> declared_;
  bool changed_ = false;
  std::set<std::uint64_t> to_come_;  ///< Packages with a file of hwdb.d that did not begin yet.
  pid_t child_ = -1;                 ///< Compiles.
  std::string files_;                ///< What it compiles of.
};

}  // namespace composer::rpm
