// Read this first: the whole of image-composer, top to bottom.
//
//   blueprint --resolve--> Plan --fetch, install--> root --seal--> Disk --write--> Images
//                                                    '------------------write--> Images of the root
//
// Everything above the line "privileged" decides: it reads the blueprint and the repositories and
// needs no root. What is below it does only what the Plan says. docs/architecture.md has the
// picture.

#include "composer/compose.h"

#include <algorithm>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>

#include "composer/base/checksum.h"
#include "composer/base/file_descriptor.h"
#include "composer/checked_blueprint.h"
#include "composer/disk/assembly.h"
#include "composer/disk/boot_code.h"
#include "composer/disk/root_directory.h"
#include "composer/host/foreign_programs.h"
#include "composer/host/work_directory.h"
#include "composer/image/write.h"
#include "composer/image/write_root.h"
#include "composer/lint_images.h"
#include "composer/manifest.h"
#include "composer/mount/namespaces.h"
#include "composer/output_format.h"
#include "composer/plan/decide.h"
#include "composer/plan/plan_json.h"
#include "composer/plan/required_packages.h"
#include "composer/plan/size_estimate.h"
#include "composer/plan/written_space.h"
#include "composer/rpm/package_files.h"
#include "composer/rpm/transaction.h"
#include "composer/solve/fetch.h"
#include "composer/solve/resolve.h"
#include "composer/source_date.h"
#include "composer/stage_times.h"
#include "composer/system_facts.h"
#include "composer/tree/configure.h"
#include "composer/tree/host_root.h"
#include "composer/tree/selinux.h"
#include "composer/version.h"

namespace composer {
namespace {

Bytes peak_memory() {
  std::uint64_t most = 0;
  for (const int who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    rusage usage{};
    if (::getrusage(who, &usage) == 0) {
      most = std::max(most, static_cast<std::uint64_t>(usage.ru_maxrss));
    }
  }
  return KiB(most);
}

/// What the packages will write, by their headers.
std::vector<rpm::PackageContents> contents_of(const Plan& plan,
                                              const std::vector<std::filesystem::path>& files) {
  std::vector<rpm::PackageContents> contents;
  for (std::size_t i = 0; i < files.size(); ++i) {
    contents.push_back(rpm::read_package_files(files[i], plan.packages.at(i).nevra()));
  }
  return contents;
}

/// BIOS boot code is in no filesystem: it goes where the plan has room for it.
void write_boot_code(const disk::Disk& disk, const tree::BiosBootImages& images) {
  const FileDescriptor fd = open_file(disk.path, O_RDWR);
  disk::write_bios_boot_code(fd.get(), disk.layout, images.boot_image, images.core_image);
}

/// What says what the images are; written last, so that SHA256SUMS means that all are whole.
std::vector<std::filesystem::path> write_descriptions(const Plan& plan,
                                                      const std::vector<Image>& images,
                                                      const std::filesystem::path& directory) {
  const std::string lock = to_json(plan);
  const std::string manifest = manifest_json(plan, images);
  std::vector<std::pair<std::string, std::string>> digests = {
      {"plan.lock", sha256_hex(lock)}, {"manifest.json", sha256_hex(manifest)}};
  for (const Image& image : images) {
    // No other tool could check a line for a directory.
    if (facts_of(image.output.format).is_directory) continue;
    digests.emplace_back(image.output.filename, image.sha256);
  }
  const bool linted = std::filesystem::exists(directory / "lint.json");
  if (linted) digests.emplace_back("lint.json", sha256_file(directory / "lint.json"));
  write_file_atomically(directory / "plan.lock", lock);
  write_file_atomically(directory / "manifest.json", manifest);
  write_file_atomically(directory / "SHA256SUMS", sha256sums(digests));
  std::vector<std::filesystem::path> files = {directory / "plan.lock", directory / "manifest.json"};
  if (linted) files.push_back(directory / "lint.json");
  files.push_back(directory / "SHA256SUMS");
  return files;
}

/// An interrupted build must not leave an earlier build's description beside new images.
void remove_descriptions(const std::filesystem::path& directory) {
  for (const char* name : {"SHA256SUMS", "lint.json", "manifest.json", "plan.lock"}) {
    std::filesystem::remove(directory / name);
  }
}

}  // namespace

Plan make_plan(const Blueprint& blueprint, const Places& places, Progress& progress) {
  // What can be refused without a repository is refused before one is read.
  check(blueprint);
  check_lint(blueprint);
  const std::optional<std::int64_t> epoch = source_date_from_environment();
  Plan plan = decide(blueprint, solve::resolve(blueprint, places.cache, progress), kVersion, epoch);
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
  const Plan plan = make_plan(blueprint, request.places, progress);
  report.plan = plan;

  // What would fail later fails here, before anything slow.
  host::require_tools(disk::required_tools(plan.disk));
  disk::require_filesystems(plan.disk);
  check_space(plan, blueprint.disk);
  std::filesystem::create_directories(request.output_directory);
  host::WorkDirectory work(request.places.work);
  check_free_space(plan, work.path(), request.output_directory);

  // Every package, checked by digest and signature, is here before the first is installed.
  const std::vector<std::filesystem::path> packages =
      solve::fetch_packages(plan, request.places.cache, progress);

  if (plan.has_disk()) {
    check_written_space(plan, blueprint.disk, contents_of(plan, packages));
  }

  // -------------------------------- privileged --------------------------------------------------
  // From here to `finish` mounts and loop devices exist, in the mount namespace that was entered
  // above and that the kernel takes down with this process.
  // The root is a disk's filesystems, or a plain directory where the plan has no disk.
  std::optional<disk::Assembly> assembly;
  std::optional<disk::RootDirectory> root_directory;
  if (plan.has_disk()) {
    assembly.emplace(plan.disk, work.path(), plan.source_date_epoch, runner, progress);
  } else {
    root_directory.emplace(work.path());
  }
  const std::filesystem::path root_path = assembly ? assembly->root() : root_directory->root();

  rpm::install_packages({.root = root_path,
                         .packages = packages,
                         .source_date_epoch = plan.source_date_epoch,
                         .documentation = plan.installation.documentation,
                         .locales = plan.installation.locales},
                        progress);

  tree::BiosBootImages boot_images;
  {
    tree::HostRoot root(root_path);
    tree::configure(plan, root, progress);
    tree::make_initramfs(plan, root, progress);
    tree::install_kernels(plan, root, progress);
    // What only the installation, the scripts and dracut needed.
    rpm::erase_packages({.root = root_path,
                         .source_date_epoch = plan.source_date_epoch,
                         .erase = plan.installation.erase},
                        progress);
    tree::clean(plan, root, progress);
    // Nothing writes into the root after this.
    tree::label_files(plan, root_path, root, progress);
    boot_images = tree::bios_boot_images(plan, root);
  }

  remove_descriptions(request.output_directory);
  image::SystemFacts system;
  {
    const tree::HostRoot root(root_path);
    system = read_system_facts(plan, root);
    report.images = image::write_root_images(plan, {root_path, root, system},
                                             request.output_directory, progress);
  }

  std::optional<disk::Disk> disk;
  if (assembly) {
    progress.begin(Stage::seal, {});
    disk = std::move(*assembly).finish();
    if (!boot_images.core_image.empty()) write_boot_code(*disk, boot_images);
    progress.end(Stage::seal, {.bytes = disk->size});
  } else {
    std::move(*root_directory).finish();
  }
  // -------------------------------- no longer privileged ----------------------------------------

  if (disk) {
    const std::vector<Image> images = image::write_images(
        plan, *disk, image::DiskUse::consume, request.output_directory, progress, &system);
    report.images.insert(report.images.end(), images.begin(), images.end());
  }
  // An image that fails its rules keeps its file, to be looked at, and gets no SHA256SUMS.
  report.lint = lint_build(plan, report.images, request.output_directory, progress);
  report.files = write_descriptions(plan, report.images, request.output_directory);
  report.times = progress.times();
  report.peak_memory = peak_memory();
  return report;
}

}  // namespace composer
