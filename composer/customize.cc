// An existing image enters the line of compose.cc further right:
//
//   base image --look--> BaseImage --resolve, with what it has installed--> Plan
//   base image --expand--> raw disk --mount, change, seal--> Disk --write--> Images
//   container --unpack--> root directory --change--> root --write--> Images of the root
//
// The base is only read. Who mounts and changes the copy of its disk is one of two: this machine's
// kernel (change_disk), or the kernel of libguestfs's machine, in which the same change_disk runs
// (change_disk_in_machine). Both do nothing but what the Plan says.

#include <algorithm>
#include <fcntl.h>
#include <fmt/format.h>
#include <thread>
#include <unistd.h>

#include "composer/base/file_descriptor.h"
#include "composer/base_image.h"
#include "composer/change_disk.h"
#include "composer/checked_blueprint.h"
#include "composer/compose.h"
#include "composer/descriptions.h"
#include "composer/disk/root_directory.h"
#include "composer/fill_root.h"
#include "composer/host/foreign_programs.h"
#include "composer/host/work_directory.h"
#include "composer/image/unpack_layers.h"
#include "composer/image/write.h"
#include "composer/image/write_root.h"
#include "composer/inspect/block_source.h"
#include "composer/inspect/expand.h"
#include "composer/lint_images.h"
#include "composer/mount/namespaces.h"
#include "composer/plan/decide.h"
#include "composer/plan/size_estimate.h"
#include "composer/solve/fetch.h"
#include "composer/solve/planned_package.h"
#include "composer/solve/resolve.h"
#include "composer/source_date.h"
#include "composer/stage_times.h"
#include "composer/tree/host_root.h"
#include "composer/version.h"

namespace composer {
namespace {

constexpr unsigned kMostThreads = 16;

Blueprint read_blueprint_with_base(const CustomizeRequest& request) {
  Blueprint blueprint = read_checked_blueprint(request.blueprint, request.options);
  if (!blueprint.base) {
    throw Error(ErrorKind::usage,
                Problem{.message = fmt::format("blueprint '{}' makes an image of packages alone",
                                               request.blueprint.string()),
                        .hint = "to change an image with it write 'base: {}' in place of 'disk'"});
  }
  return blueprint;
}

bool asks_for_packages(const PackagesRequest& packages) {
  return !packages.install.empty() || !packages.remove.empty() || !packages.update.empty() ||
         (packages.update_all && **packages.update_all);
}

/// What is installed in the end. Where nothing is asked for, no repository is read.
solve::Resolution resolve(const Blueprint& blueprint, const BaseImage& base,
                          const std::filesystem::path& cache, Progress& progress) {
  if (asks_for_packages(blueprint.packages)) {
    if (base.rpm_database.empty()) {
      throw Error(ErrorKind::usage,
                  fmt::format("'{}' has no rpm database of SQLite, so that its packages cannot be "
                              "changed",
                              base.path.string()),
                  "remove 'packages' from the blueprint, or change another image");
    }
    return solve::resolve(blueprint, cache, progress, base.packages);
  }
  solve::Resolution resolution;
  for (const rpm::InstalledDetails& package : base.packages) {
    resolution.packages.push_back(solve::planned_package(package));
  }
  return resolution;
}

void check_architecture(const Blueprint& blueprint, const BaseImage& base) {
  if (*blueprint.arch == base.arch) return;
  throw Error(
      ErrorKind::usage,
      Problem{.message = fmt::format("'{}' is for {}, the blueprint for {}", base.path.string(),
                                     to_text(base.arch), to_text(*blueprint.arch)),
              .at = blueprint.arch.at});
}

/// A plan without a time would set every file's back to 1970.
void check_epoch(const Plan& plan) {
  if (plan.source_date_epoch > 0) return;
  throw Error(ErrorKind::usage,
              "the base image has no rpm database, which would say when its packages were built",
              "give 'source_date_epoch' in the blueprint, or SOURCE_DATE_EPOCH");
}

/// An initramfs of dracut that must be made anew needs it.
void check_dracut(const Plan& plan) {
  if (plan.boot.initramfs == InitramfsMaker::systemd) return;
  const bool has_dracut =
      std::any_of(plan.packages.begin(), plan.packages.end(),
                  [](const PlannedPackage& package) { return package.name == "dracut"; });
  const bool own = plan.boot.loader == Loader::uki && plan.boot.uki == UkiSource::packaged;
  if (!plan.writes_boot() || has_dracut || own) return;
  throw Error(ErrorKind::usage,
              "the initramfs must be made anew, and neither the base image nor 'packages' has "
              "'dracut'",
              "add 'dracut' to packages.install, or write 'initramfs: systemd' in 'boot'");
}

Plan plan_changes(const Blueprint& blueprint, const BaseImage& base, const Places& places,
                  Progress& progress) {
  check(blueprint);
  check_lint(blueprint);
  check_architecture(blueprint, base);
  const BaseFacts facts{base.path.filename().string(), base.disk, base.boot, base.rpm_database,
                        base.container};
  Plan plan = decide(blueprint, resolve(blueprint, base, places.cache, progress), kVersion,
                     source_date_from_environment(), &facts);
  check_epoch(plan);
  check_dracut(plan);
  return plan;
}

/// The disk of the base as a sparse raw file, the only one that is written to.
void expand_base(const std::filesystem::path& base, const std::filesystem::path& raw,
                 Progress& progress) {
  const Bytes data = inspect::data_size(*inspect::open_disk_image(base).disk);
  std::error_code error;
  const std::filesystem::space_info space = std::filesystem::space(raw.parent_path(), error);
  if (!error && space.available < data.count) {
    throw Error(ErrorKind::host,
                fmt::format("the base's disk holds {}, and '{}' has {} left", to_text(data),
                            raw.parent_path().string(), to_text(Bytes{space.available})),
                "make room there, or give --work a folder on a larger disk");
  }
  const FileDescriptor fd = open_file(raw, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
  progress.begin(Stage::expand, {0, data});
  Bytes done;
  inspect::expand(base, fd.get(), std::clamp(std::thread::hardware_concurrency(), 1U, kMostThreads),
                  [&](std::uint64_t bytes) {
                    done.count += bytes;
                    progress.advance(Stage::expand, {0, done}, {});
                  });
  progress.end(Stage::expand, {0, data});
}

CustomizeWay decide_way(CustomizeWay asked, const BaseImage& base) {
  if (base.container) {
    if (asked != CustomizeWay::libguestfs) return CustomizeWay::loop;
    throw Error(
        ErrorKind::usage,
        fmt::format("'{}' is a container, which has no disk for libguestfs", base.path.string()),
        "leave '--by' out");
  }
  if (asked != CustomizeWay::automatic) return asked;
  return ::geteuid() == 0 ? CustomizeWay::loop : CustomizeWay::libguestfs;
}

/// The root of a container, unpacked, changed, and packed again.
std::vector<Image> change_container(const Plan& plan, const BaseImage& base,
                                    const std::filesystem::path& work_directory,
                                    const std::vector<std::filesystem::path>& packages,
                                    const CustomizeRequest& request, Progress& progress) {
  progress.begin(Stage::expand, {base.layers.size(), {}});
  disk::RootDirectory directory(work_directory);
  image::unpack_layers(base.layers, directory.root());
  progress.end(Stage::expand, {base.layers.size(), {}});
  const FilledRoot filled = fill_root(plan, directory.root(), packages, progress);
  std::vector<Image> images;
  {
    const tree::HostRoot root(directory.root());
    images = image::write_root_images(plan, {directory.root(), root, filled.system},
                                      request.output_directory, progress);
  }
  std::move(directory).finish();
  return images;
}

/// The disk of a base, expanded, changed by one of the two ways, and written in each format.
std::vector<Image> change_disk_image(const Plan& plan, const BaseImage& base, CustomizeWay way,
                                     const std::filesystem::path& work_directory,
                                     const std::vector<std::filesystem::path>& packages,
                                     const CustomizeRequest& request, Progress& progress) {
  const host::CommandRunner runner(progress);
  const disk::ExistingDisk existing{work_directory / "disk.raw", plan.base->disk_size,
                                    plan.base->disk_id};
  expand_base(base.path, existing.file, progress);
  const ChangedDisk changed =
      way == CustomizeWay::loop
          ? change_disk(plan, existing, work_directory, packages, runner, progress)
          : change_disk_in_machine(plan, existing, work_directory, packages, progress);
  return image::write_images(plan, changed.disk, image::DiskUse::consume, request.output_directory,
                             progress, &changed.system);
}

/// Outputs of the same names as the base would be written over it.
void check_outputs(const Plan& plan, const CustomizeRequest& request) {
  for (const PlannedOutput& output : plan.outputs) {
    for (const char* ending : {"", ".partial"}) {
      const auto written = request.output_directory / (output.filename + ending);
      std::error_code ignored;
      if (!std::filesystem::equivalent(written, request.base, ignored)) continue;
      throw Error(ErrorKind::usage,
                  fmt::format("'{}' is the base image, and would be written to", written.string()),
                  "choose another folder for the outputs");
    }
  }
}

}  // namespace

Plan plan_customization(const CustomizeRequest& request, Progress& progress) {
  const Blueprint blueprint = read_blueprint_with_base(request);
  return plan_changes(blueprint, read_base_image(request.base, progress), request.places, progress);
}

BuildReport customize(const CustomizeRequest& request, Progress& console) {
  StageTimes progress(console);
  BuildReport report;

  // Decide everything.
  const Blueprint blueprint = read_blueprint_with_base(request);
  host::require_programs_for(to_text(blueprint.arch.value));
  const BaseImage base = read_base_image(request.base, progress);
  const CustomizeWay way = decide_way(request.way, base);
  if (way == CustomizeWay::loop) mount::enter_private_mounts();  // Refuses without root.
  const Plan plan = plan_changes(blueprint, base, request.places, progress);
  report.plan = plan;
  for (const std::string& package : plan.base->remove) {
    progress.note(fmt::format("'{}' leaves the image", package));
  }
  check_outputs(plan, request);

  // What would fail later fails here, before anything slow.
  host::require_tools(disk::required_tools(plan.disk));
  if (way == CustomizeWay::loop) disk::require_filesystems(plan.disk);
  std::filesystem::create_directories(request.output_directory);
  host::WorkDirectory work(request.places.work);
  check_free_space(plan, work.path(), request.output_directory);
  const std::vector<std::filesystem::path> packages =
      solve::files_of(solve::fetch_packages(plan, request.places.cache, progress));

  // Privileged, here or in a machine, until the images are written.
  remove_descriptions(request.output_directory);
  report.images =
      base.container ? change_container(plan, base, work.path(), packages, request, progress)
                     : change_disk_image(plan, base, way, work.path(), packages, request, progress);

  report.lint = lint_build(plan, report.images, request.output_directory, progress);
  report.files = write_descriptions(plan, report.images, request.output_directory);
  report.times = progress.times();
  report.peak_memory = peak_memory();
  return report;
}

}  // namespace composer
