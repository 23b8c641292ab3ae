#pragma once

#include <filesystem>
#include <thread>
#include <vector>

#include "composer/compose.h"
#include "composer/host/store.h"
#include "composer/plan.h"
#include "composer/progress.h"

namespace composer {

/// Which packages of a plan a disk has.
enum class Installed { nothing, without_top, everything };

/// The plan with those packages alone that a build installs onto a disk which has some.
Plan with_packages_after(Plan plan, Installed installed);

/// What is installed by one transaction, and what the disk has afterwards.
struct InstallationLayer {
  std::vector<std::filesystem::path> packages;
  Installed installed = Installed::everything;
};

/// The transactions that install a plan's packages: what is not on top, then what is.
/// @param files  One for each package of the plan.
std::vector<InstallationLayer> layers_of(const Plan& plan,
                                         const std::vector<std::filesystem::path>& files);

/// A disk that was kept; an empty path where there is none.
struct InstalledDisk {
  Installed installed = Installed::nothing;
  std::filesystem::path path;
};

/// Disks with their packages installed and nothing configured yet, by all that went into them: a
/// build of which only the configuration is another one begins with such a disk, and one of which
/// only what is `on_top` is another one with such a disk of the others.
class InstalledDisks {
 public:
  InstalledDisks(const Plan& plan, const std::filesystem::path& cache, const ReuseOptions& options,
                 Progress& progress);
  InstalledDisks(const InstalledDisks&) = delete;
  InstalledDisks& operator=(const InstalledDisks&) = delete;
  /// Waits until what is being kept is kept.
  ~InstalledDisks();

  /// Whether disks are kept at all: not of a plan without one, nor of a fresh build.
  bool is_on() const { return on_; }

  /// The disk of an earlier build, the one that has most.
  InstalledDisk find() const;
  /// Writes it into an open file of the same size.
  void copy(const InstalledDisk& disk, int file, const std::filesystem::path& path) const;

  /// Keeps a copy of a disk that was set down. It is made before this returns; its digest is not.
  void keep(const std::filesystem::path& disk, Installed installed);

 private:
  std::filesystem::path find_one(const host::StoreKey& key, const char* what) const;

  const Plan* plan_;
  ReuseOptions options_;
  Progress* progress_;
  bool on_;
  host::Store store_;
  host::StoreKey key_;        ///< Of all packages.
  host::StoreKey lower_key_;  ///< Of those that are not on top.
  bool has_top_;
  std::vector<std::thread> keepers_;
};

}  // namespace composer
