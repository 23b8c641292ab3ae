#include "composer/installed_disks.h"

#include <exception>
#include <fmt/format.h>
#include <memory>
#include <sys/stat.h>
#include <system_error>

#include "composer/base/trace.h"
#include "composer/error.h"
#include "composer/host/data_digest.h"
#include "composer/reuse_keys.h"

namespace composer {
namespace {

constexpr const char* kDisk = "disk.raw";

}  // namespace

InstalledDisks::InstalledDisks(const Plan& plan, const std::filesystem::path& cache,
                               const ReuseOptions& options, Progress& progress)
    : plan_(&plan),
      options_(options),
      progress_(&progress),
      on_(plan.has_disk() && !plan.base && !options.fresh),
      store_(cache, "disks"),
      key_(on_ ? installed_disk_key(plan) : host::StoreKey()) {}

InstalledDisks::~InstalledDisks() {
  if (keeper_.joinable()) keeper_.join();
}

bool InstalledDisks::take(const std::filesystem::path& file) const {
  if (!on_) return false;
  const std::optional<host::StoreEntry> entry = store_.find(key_);
  if (!entry || entry->find(kDisk) == nullptr) {
    if (options_.explain) progress_->note(store_.explain("the installation", key_));
    return false;
  }
  const TraceSpan span("work", "copy the installed disk");
  copy_whole(*plan_, entry->folder / kDisk, file);
  progress_->note("the installed packages: reused");
  return true;
}

void InstalledDisks::keep(const std::filesystem::path& disk) {
  if (!on_) return;
  struct stat status {};
  std::error_code unknown;
  std::filesystem::create_directories(store_.folder(), unknown);
  const std::filesystem::space_info space = std::filesystem::space(store_.folder(), unknown);
  // What is left must do for the build itself, too.
  if (!unknown && ::stat(disk.c_str(), &status) == 0 &&
      space.available / 3 < static_cast<std::uint64_t>(status.st_blocks) * 512) {
    progress_->note(fmt::format("the installation is not kept: '{}' has {} left",
                                store_.folder().string(), to_text(Bytes{space.available})));
    return;
  }
  std::unique_ptr<host::Store::Draft> draft;
  try {
    const TraceSpan span("work", "keep the installed disk");
    draft = std::make_unique<host::Store::Draft>(store_, key_);
    copy_whole(*plan_, disk, draft->folder() / kDisk);
  } catch (const Error& error) {
    // Another disk that is full, say: the build itself does not need it.
    progress_->warning(fmt::format("the installation is not kept: {}", error.what()));
    return;
  }
  try {
    keeper_ = std::thread([draft = std::move(draft), progress = progress_] {
      try {
        const TraceSpan span("work", "hash the installed disk");
        draft->add(kDisk, host::data_digest(draft->folder() / kDisk));
        draft->commit();
      } catch (const std::exception& error) {
        progress->warning(fmt::format("the installation is not kept: {}", error.what()));
      }
    });
  } catch (const std::system_error&) {
    // No further thread to be had.
  }
}

}  // namespace composer
