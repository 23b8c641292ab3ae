// Read this first: the whole of image-composer, top to bottom.
//
//   blueprint --resolve--> Plan --fetch, install--> root --seal--> Disk --write--> Images
//                                                    '------------------write--> Images of the root
//
// Everything above the line "privileged" decides: it reads the blueprint and the repositories and
// needs no root. What is below it does only what the Plan says. docs/architecture.md has the
// picture.

#include "composer/compose.h"

#include <fmt/format.h>

#include "composer/checked_blueprint.h"
#include "composer/descriptions.h"
#include "composer/disk/assembly.h"
#include "composer/disk/root_directory.h"
#include "composer/fill_root.h"
#include "composer/host/foreign_programs.h"
#include "composer/host/work_directory.h"
#include "composer/image/write.h"
#include "composer/image/write_root.h"
#include "composer/installed_disks.h"
#include "composer/lint_images.h"
#include "composer/lock_file.h"
#include "composer/mount/namespaces.h"
#include "composer/plan/decide.h"
#include "composer/plan/required_packages.h"
#include "composer/plan/size_estimate.h"
#include "composer/plan/written_space.h"
#include "composer/reuse.h"
#include "composer/rpm/package_files.h"
#include "composer/solve/fetch.h"
#include "composer/solve/resolve.h"
#include "composer/source_date.h"
#include "composer/stage_times.h"
#include "composer/tree/host_root.h"
#include "composer/version.h"

namespace composer {
namespace {

/// What the packages will write, by their headers.
std::vector<rpm::PackageContents> contents_of(const Plan& plan,
                                              const std::vector<std::filesystem::path>& files) {
  std::vector<rpm::PackageContents> contents;
  for (std::size_t i = 0; i < files.size(); ++i) {
    contents.push_back(rpm::read_package_files(files[i], plan.packages.at(i).nevra()));
  }
  return contents;
}

}  // namespace

void refuse_base(const Blueprint& blueprint) {
  if (!blueprint.base) return;
  throw Error(ErrorKind::usage,
              Problem{.message = "the blueprint changes an image that is there",
                      .at = blueprint.base->at,
                      .hint = fmt::format("image-composer customize IMAGE {} -o FOLDER",
                                          blueprint.path.string())});
}

Plan make_plan(const Blueprint& blueprint, const Places& places, Progress& progress,
               const std::filesystem::path& lock) {
  refuse_base(blueprint);
  // What can be refused without a repository is refused before one is read.
  check(blueprint);
  check_lint(blueprint);
  std::optional<std::int64_t> epoch = source_date_from_environment();
  solve::Resolution resolution;
  if (lock.empty()) {
    resolution = solve::resolve(blueprint, places.cache, progress);
  } else {
    const Lock locked = read_lock(lock, blueprint.path);
    resolution = locked_resolution(blueprint, locked, lock.string());
    epoch = locked.source_date_epoch;
  }
  Plan plan = decide(blueprint, std::move(resolution), kVersion, epoch);
  check_required_packages(blueprint, plan);
  return plan;
}

BuildReport build(const BuildRequest& request, Progress& console) {
  StageTimes progress(console);
  const host::CommandRunner runner(progress);
  BuildReport report;

  // Decide everything.
  const Blueprint blueprint = read_checked_blueprint(request.blueprint, request.options);
  host::require_programs_for(to_text(blueprint.arch.value));
  mount::enter_private_mounts();  // Refuses without root, before anything slow.
  const Plan plan = make_plan(blueprint, request.places, progress, request.lock);
  report.plan = plan;
  const OutputStore outputs(plan, request.places.cache, request.reuse);
  if (std::optional<BuildReport> reused = outputs.reuse(request.output_directory, progress)) {
    host::remove_stale_work(request.places.work);  // Nobody else will, as long as nothing changes.
    reused->times = progress.times();
    reused->peak_memory = peak_memory();
    return *std::move(reused);
  }

  // What would fail later fails here, before anything slow.
  host::require_tools(disk::required_tools(plan.disk));
  disk::require_filesystems(plan.disk);
  check_space(plan, blueprint.disk);
  std::filesystem::create_directories(request.output_directory);
  host::WorkDirectory work(request.places.work);
  check_free_space(plan, work.path(), request.output_directory);

  // A disk of an earlier build with the same packages, where there is one, and every package that
  // it lacks, checked by digest and signature, before the first is installed.
  InstalledDisks installed(plan, request.places.cache, request.reuse, progress);
  const InstalledDisk earlier = installed.find();
  const Plan lacking = with_packages_after(plan, earlier.installed);
  std::vector<std::filesystem::path> packages;
  if (earlier.installed != Installed::everything) {
    packages = solve::files_of(solve::fetch_packages(lacking, request.places.cache, progress));
  }
  if (earlier.installed == Installed::nothing && plan.has_disk()) {
    check_written_space(plan, blueprint.disk, contents_of(plan, packages));
  }

  // -------------------------------- privileged --------------------------------------------------
  // From here to `finish` mounts and loop devices exist, in the mount namespace that was entered
  // above and that the kernel takes down with this process.
  // The root is a disk's filesystems, or a plain directory where the plan has no disk.
  std::optional<disk::Assembly> assembly;
  std::optional<disk::RootDirectory> root_directory;
  if (earlier.installed != Installed::nothing) {
    const disk::SetDownDisk kept{
        [&](int file, const std::filesystem::path& path) { installed.copy(earlier, file, path); }};
    assembly.emplace(plan.disk, kept, work.path(), plan.source_date_epoch, runner, progress);
  } else if (plan.has_disk()) {
    assembly.emplace(plan.disk, work.path(), plan.source_date_epoch, runner, progress);
  } else {
    root_directory.emplace(work.path());
  }
  const std::filesystem::path root_path = assembly ? assembly->root() : root_directory->root();

  for (const InstallationLayer& layer : layers_of(lacking, packages)) {
    install_root(plan, root_path, layer.packages, progress);
    if (!installed.is_on()) continue;
    assembly->set_down(
        [&](const std::filesystem::path& disk) { installed.keep(disk, layer.installed); });
  }
  const auto initramfs = initramfs_store(plan, request.places.cache, request.reuse);
  const FilledRoot filled =
      finish_root(plan, root_path, progress, initramfs ? &*initramfs : nullptr);

  remove_descriptions(request.output_directory);
  {
    const tree::HostRoot root(root_path);
    report.images = image::write_root_images(plan, {root_path, root, filled.system},
                                             request.output_directory, progress);
  }

  std::optional<disk::Disk> disk;
  if (assembly) {
    progress.begin(Stage::seal, {});
    disk = std::move(*assembly).finish_unchecked();
    write_boot_code(disk->path, disk->layout, filled.boot_images);
    progress.end(Stage::seal, {.bytes = disk->size});
  } else {
    std::move(*root_directory).finish();
  }
  // -------------------------------- no longer privileged ----------------------------------------

  if (disk) {
    const std::vector<Image> images = image::write_images(
        plan, *disk, image::DiskUse::consume, request.output_directory, progress, &filled.system);
    report.images.insert(report.images.end(), images.begin(), images.end());
  }
  // An image that fails its rules keeps its file, to be looked at, and gets no SHA256SUMS.
  report.lint = lint_build(plan, report.images, request.output_directory, progress);
  report.files = write_descriptions(plan, report.images, request.output_directory);
  outputs.keep(report, progress);
  report.times = progress.times();
  report.peak_memory = peak_memory();
  return report;
}

}  // namespace composer
