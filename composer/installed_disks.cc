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

Plan without_top(Plan plan) {
  std::erase_if(plan.packages, [](const PlannedPackage& package) { return package.on_top; });
  return plan;
}

}  // namespace

Plan with_packages_after(Plan plan, Installed installed) {
  std::erase_if(plan.packages, [&](const PlannedPackage& package) {
    return installed == Installed::everything ||
           (installed == Installed::without_top && !package.on_top);
  });
  return plan;
}

std::vector<InstallationLayer> layers_of(const Plan& plan,
                                         const std::vector<std::filesystem::path>& files) {
  InstallationLayer below, top;
  for (std::size_t i = 0; i < files.size(); ++i) {
    (plan.packages.at(i).on_top ? top : below).packages.push_back(files[i]);
  }
  if (!top.packages.empty()) below.installed = Installed::without_top;
  std::vector<InstallationLayer> layers;
  for (InstallationLayer* layer : {&below, &top}) {
    if (!layer->packages.empty()) layers.push_back(std::move(*layer));
  }
  return layers;
}

InstalledDisks::InstalledDisks(const Plan& plan, const std::filesystem::path& cache,
                               const ReuseOptions& options, Progress& progress)
    : plan_(&plan),
      options_(options),
      progress_(&progress),
      on_(plan.has_disk() && !plan.base && !options.fresh),
      store_(cache, "disks"),
      key_(on_ ? installed_disk_key(plan) : host::StoreKey()),
      lower_key_(on_ ? installed_disk_key(without_top(plan)) : host::StoreKey()),
      has_top_(!with_packages_after(plan, Installed::without_top).packages.empty()) {}

InstalledDisks::~InstalledDisks() {
  for (std::thread& keeper : keepers_) keeper.join();
}

Installed InstalledDisks::take(const std::filesystem::path& file) const {
  if (!on_) return Installed::nothing;
  if (take_one(key_, "the installation", file)) {
    progress_->note("the installed packages: reused");
    return Installed::everything;
  }
  if (has_top_ && take_one(lower_key_, "the installation below what is on top", file)) {
    progress_->note("the installed packages below what is on top: reused");
    return Installed::without_top;
  }
  return Installed::nothing;
}

bool InstalledDisks::take_one(const host::StoreKey& key, const char* what,
                              const std::filesystem::path& file) const {
  const std::optional<host::StoreEntry> entry = store_.find(key);
  if (!entry || entry->find(kDisk) == nullptr) {
    if (options_.explain) progress_->note(store_.explain(what, key));
    return false;
  }
  const TraceSpan span("work", "copy the installed disk");
  // Binding it to a loop device waits until it is on the disk (loop_configure, since Linux 6.14).
  copy_whole(*plan_, entry->folder / kDisk, file, image::WriteBack::at_once);
  return true;
}

void InstalledDisks::keep(const std::filesystem::path& disk, Installed installed) {
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
    draft = std::make_unique<host::Store::Draft>(
        store_, installed == Installed::everything ? key_ : lower_key_);
    copy_whole(*plan_, disk, draft->folder() / kDisk, image::WriteBack::later);
  } catch (const Error& error) {
    // Another disk that is full, say: the build itself does not need it.
    progress_->warning(fmt::format("the installation is not kept: {}", error.what()));
    return;
  }
  try {
    keepers_.emplace_back([draft = std::move(draft), progress = progress_] {
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
