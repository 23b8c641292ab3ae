#include "composer/installed_disks.h"

#include <exception>
#include <fcntl.h>
#include <fmt/format.h>
#include <memory>
#include <sys/stat.h>
#include <system_error>

#include "composer/base/file_descriptor.h"
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

InstalledDisk InstalledDisks::find() const {
  if (!on_) return {};
  std::filesystem::path path = find_one(key_, "the installation");
  if (!path.empty()) {
    progress_->note("the installed packages: reused");
    return {Installed::everything, std::move(path)};
  }
  if (has_top_) path = find_one(lower_key_, "the installation below what is on top");
  if (path.empty()) return {};
  progress_->note("the installed packages below what is on top: reused");
  return {Installed::without_top, std::move(path)};
}

std::filesystem::path InstalledDisks::find_one(const host::StoreKey& key, const char* what) const {
  const std::optional<host::StoreEntry> entry = store_.find(key);
  if (entry && entry->find(kDisk) != nullptr) return entry->folder / kDisk;
  if (options_.explain) progress_->note(store_.explain(what, key));
  return {};
}

void InstalledDisks::copy(const InstalledDisk& disk, int file,
                          const std::filesystem::path& path) const {
  const TraceSpan span("work", "copy the installed disk");
  image::PartialFile target(FileDescriptor(::fcntl(file, F_DUPFD_CLOEXEC, 0)), path);
  copy_whole(*plan_, disk.path, target, image::WriteBack::at_once);
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
    image::PartialFile copy(draft->folder() / kDisk);
    copy_whole(*plan_, disk, copy, image::WriteBack::later);
    copy.commit();
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
