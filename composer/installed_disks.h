#pragma once

#include <filesystem>
#include <thread>

#include "composer/compose.h"
#include "composer/host/store.h"
#include "composer/plan.h"
#include "composer/progress.h"

namespace composer {

/// Disks with their packages installed and nothing configured yet, by all that went into them: a
/// build of which only the configuration is another one begins with such a disk.
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

  /// Makes `file` a copy of the disk of an earlier build. False where there is none.
  bool take(const std::filesystem::path& file) const;

  /// Keeps a copy of a disk that was set down. It is made before this returns; its digest is not.
  void keep(const std::filesystem::path& disk);

 private:
  const Plan* plan_;
  ReuseOptions options_;
  Progress* progress_;
  bool on_;
  host::Store store_;
  host::StoreKey key_;
  std::thread keeper_;
};

}  // namespace composer
