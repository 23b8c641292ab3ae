#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <thread>

#include "composer/base/trace.h"
#include "composer/error.h"
#include "composer/tree/boot_place.h"
#include "composer/tree/configure.h"
#include "composer/tree/initramfs_archive.h"
#include "composer/tree/initramfs_key.h"
#include "composer/tree/kernel_modules.h"
#include "composer/tree/kernel_versions.h"
#include "composer/tree/root_files.h"

// dracut collects the files, in the image's root and with the image's own tools; the archive is
// compressed here, since dracut's default spends 18 of 23 seconds on it on one core.

namespace composer::tree {
namespace {

constexpr const char* kInitramfs = "initramfs";  ///< The file of an entry of the store.
constexpr std::string_view kConfiguration = "/etc/dracut.conf.d/50-image.conf";

// Root filesystems of other kinds, graphics and hardware that no virtual machine has. Most are only
// there when their tools are installed, but hwdb always: 13 of 56 MB, for keyboards and the like.
// Left alone although no layout here needs them: crypt and dm, since Azure Disk Encryption comes
// later and makes its own initramfs with this configuration; resume, since Azure hibernates
// machines.
constexpr std::array<std::string_view, 23> kOmitted{
    "biosdevname", "bluetooth", "btrfs", "cifs", "dmraid",   "drm",    "fcoe",      "fcoe-uefi",
    "hwdb",        "i18n",      "iscsi", "lvm",  "lunmask",  "mdraid", "memstrack", "multipath",
    "nbd",         "nfs",       "nvmf",  "pcsc", "plymouth", "rngd",   "virtfs"};

bool uses_btrfs(const Plan& plan) {
  return std::any_of(plan.disk.partitions.begin(), plan.disk.partitions.end(),
                     [](const PlannedPartition& partition) {
                       return partition.filesystem &&
                              partition.filesystem->type == FilesystemType::btrfs;
                     });
}

std::string configuration(const Plan& plan, const std::vector<std::string>& drivers,
                          InitramfsCompression compression) {
  std::string omitted;
  for (const std::string_view name : kOmitted) {
    if (name == "btrfs" && uses_btrfs(plan)) continue;
    omitted += fmt::format(" {}", name);
  }
  return fmt::format(
      "# For any machine that may start this image, not for the one that it was made on.\n"
      "hostonly=\"no\"\n"
      "hostonly_cmdline=\"no\"\n"
      "reproducible=\"yes\"\n"
      "early_microcode=\"no\"\n"
      "compress=\"{}\"\n"
      "add_drivers+=\" {} \"\n"
      "{}"
      "omit_dracutmodules+=\"{} \"\n",
      compression == InitramfsCompression::zstd ? "zstd" : "gzip", fmt::join(drivers, " "),
      plan.system.fips ? "add_dracutmodules+=\" fips \"\n" : "", omitted);
}

/// What dracut-install asks for the libraries of each of a hundred programs. glibc's `ldd` is a
/// shell script that starts the loader three times and takes 35 ms for each; this says the same
/// in 8.
std::string list_libraries(const Plan& plan) {
  const std::string_view loader = plan.arch == Architecture::aarch64
                                      ? "/lib/ld-linux-aarch64.so.1"
                                      : "/lib64/ld-linux-x86-64.so.2";
  return fmt::format("#!/bin/sh\n{} --list \"$1\" 2>/dev/null || exec ldd \"$1\"\n", loader);
}

std::string kernel_configuration(const Root& root, const std::string& version) {
  for (const std::string& path :
       {fmt::format("/usr/lib/modules/{}/config", version), "/boot/config-" + version}) {
    if (auto text = root.read(path)) return *std::move(text);
  }
  throw Error(ErrorKind::build,
              fmt::format("the kernel '{}' has no configuration in the image", version),
              "it says how the initramfs may be compressed: install the package with "
              "/usr/lib/modules/VERSION/config");
}

struct Kernel {
  std::string version;
  InitramfsCompression compression = InitramfsCompression::zstd;
  DriverChoice drivers;
};

std::vector<Kernel> read_kernels(const Plan& plan, const Root& root, Progress& progress) {
  const std::vector<std::string> wanted = wanted_drivers(plan);
  std::vector<Kernel> kernels;
  for (const std::string& version : required_kernels(plan, root)) {
    const std::string modules = "/usr/lib/modules/" + version;
    Kernel kernel;
    kernel.version = version;
    kernel.compression = initramfs_compression(kernel_configuration(root, version), version);
    kernel.drivers = choose_drivers(wanted, root.read(modules + "/modules.dep").value_or(""),
                                    root.read(modules + "/modules.builtin").value_or(""));
    if (!kernel.drivers.missing.empty()) {
      progress.note(
          fmt::format("kernel {} has no {}", version, fmt::join(kernel.drivers.missing, ", ")));
    }
    kernels.push_back(std::move(kernel));
  }
  return kernels;
}

/// Makes the initramfs of one kernel, as it is written into the image.
std::string make_one(const Plan& plan, Root& root, const Kernel& kernel, Progress& progress) {
  // /var/tmp and not /boot, which may be a small filesystem of its own; /tmp is private to the
  // command.
  const std::string raw = fmt::format("/var/tmp/initramfs-{}.cpio", kernel.version);
  root.make_directories("/var/tmp", {01777, 0, 0});
  RootCommand command;
  command.arguments = {
      "dracut",        "--force",        "--quiet", "--no-hostonly", "--no-hostonly-cmdline",
      "--no-compress", "--reproducible", "--kver",  kernel.version,  raw};
  command.environment = {fmt::format("SOURCE_DATE_EPOCH={}", plan.source_date_epoch),
                         fmt::format("DRACUT_LDD={}", kRootProgram)};
  command.program = list_libraries(plan);
  command.clones = CloneRequests::answered;
  progress.command(command.arguments);
  run_checked(root, command);
  const auto archive = root.read(raw);
  if (!archive) {
    throw Error(ErrorKind::build,
                fmt::format("dracut made no initramfs for the kernel '{}'", kernel.version));
  }
  root.remove(raw);
  const InitramfsParts parts = split_initramfs(*archive);
  const TraceSpan span("work", "compress the initramfs");
  std::string image(parts.early);
  image += kernel.compression == InitramfsCompression::zstd
               ? compress_zstd(parts.main, static_cast<int>(std::thread::hardware_concurrency()))
               : compress_gzip(parts.main);
  progress.note(fmt::format("{}: {} from {}", initramfs_path(plan, kernel.version),
                            to_text(Bytes{image.size()}), to_text(Bytes{archive->size()})));
  return image;
}

/// An initramfs that was made of the same before is taken, else one is made and kept.
std::string take_or_make(const Plan& plan, Root& root, const Kernel& kernel,
                         const std::string& dracut_configuration, const InitramfsStore* kept,
                         Progress& progress) {
  if (kept == nullptr) return make_one(plan, root, kernel, progress);
  const host::StoreKey key = initramfs_key(kept->key, root, kernel.version, dracut_configuration);
  if (const auto entry = kept->store.find(key)) {
    if (auto image = entry->read(kInitramfs)) {
      progress.note(fmt::format("{}: reused", initramfs_path(plan, kernel.version)));
      return *std::move(image);
    }
    kept->store.remove(key);
  }
  if (kept->explain) progress.note(kept->store.explain("the initramfs", key));
  std::string image = make_one(plan, root, kernel, progress);
  try {
    host::Store::Draft draft(kept->store, key);
    draft.write(kInitramfs, image);
    draft.commit();
  } catch (const Error& error) {
    progress.warning(fmt::format("the initramfs is not kept: {}", error.what()));
  }
  return image;
}

}  // namespace

void make_initramfs(const Plan& plan, Root& root, Progress& progress, const InitramfsStore* kept) {
  // What starts a container brings its own kernel; a base image may keep what it has.
  if (!plan.writes_boot()) return;
  if (plan.boot.loader == Loader::uki && plan.boot.uki == UkiSource::packaged) {
    progress.note("the package's unified kernel image has an initramfs of its own");
    return;
  }
  with_context("while making the initramfs", [&] {
    if (!root.exists("/usr/bin/dracut")) {
      throw Error(ErrorKind::usage, "the image has no 'dracut', which makes the initramfs",
                  "add 'dracut' to packages.install");
    }
    const std::vector<Kernel> kernels = read_kernels(plan, root, progress);
    progress.begin(Stage::initramfs, {kernels.size(), {}});
    // The union, in the wanted order: dracut passes over a module that a kernel does not have.
    std::vector<std::string> drivers;
    for (const std::string& name : wanted_drivers(plan)) {
      for (const Kernel& kernel : kernels) {
        const auto& modules = kernel.drivers.modules;
        if (std::find(modules.begin(), modules.end(), name) == modules.end()) continue;
        drivers.push_back(name);
        break;
      }
    }
    const std::string text = configuration(plan, drivers, kernels.front().compression);
    write_with_parents(root, kConfiguration, text);
    std::uint64_t done = 0;
    for (const Kernel& kernel : kernels) {
      progress.advance(Stage::initramfs, {done, {}}, kernel.version);
      // Owner only: an initramfs may hold secrets, and dracut's own mode is 0600.
      root.write(initramfs_path(plan, kernel.version),
                 take_or_make(plan, root, kernel, text, kept, progress), {0600, 0, 0});
      done++;
    }
    progress.end(Stage::initramfs, {done, {}});
  });
}

}  // namespace composer::tree
