#pragma once

#include <filesystem>
#include <optional>

#include "composer/compose.h"
#include "composer/host/store.h"
#include "composer/plan.h"
#include "composer/progress.h"
#include "composer/report.h"
#include "composer/tree/initramfs_key.h"

// What earlier builds made and this one may take, by everything that it was made from.
// docs/cache.md says what goes into each key.

namespace composer {

/// The place of initramfs like those of the plan; nothing where they cannot be told apart by what
/// is known, since a script had a network, or nothing is to be reused.
std::optional<tree::InitramfsStore> initramfs_store(const Plan& plan,
                                                    const std::filesystem::path& cache,
                                                    const ReuseOptions& options);

/// Finished outputs, by the plan that they were made of.
class OutputStore {
 public:
  OutputStore(const Plan& plan, const std::filesystem::path& cache, const ReuseOptions& options);

  /// Puts the outputs and descriptions of an earlier build of the same plan into `directory`, or
  /// finds them there. Nothing where there was none.
  std::optional<BuildReport> reuse(const std::filesystem::path& directory,
                                   Progress& progress) const;

  /// Keeps what a build made: other names of the same files, so that it takes no time and no space.
  /// Where that cannot be, nothing is kept.
  void keep(const BuildReport& report, Progress& progress) const;

 private:
  const Plan* plan_;
  ReuseOptions options_;
  host::Store store_;
  host::StoreKey key_;
};

}  // namespace composer
