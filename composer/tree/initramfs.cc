#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <optional>
#include <thread>
#include <utility>

#include "composer/base/trace.h"
#include "composer/error.h"
#include "composer/tree/boot_place.h"
#include "composer/tree/configure.h"
#include "composer/tree/dracut.h"
#include "composer/tree/initramfs_archive.h"
#include "composer/tree/initramfs_key.h"
#include "composer/tree/kernel_modules.h"
#include "composer/tree/kernel_versions.h"
#include "composer/tree/root_files.h"
#include "composer/tree/systemd_initramfs.h"

// Who collects the files is the plan's; the archive is compressed here, since dracut's default
// spends 18 of its 23 seconds on that, on one core.

namespace composer::tree {
namespace {

constexpr const char* kInitramfs = "initramfs";  ///< The file of an entry of the store.
constexpr std::string_view kConfiguration = "/etc/dracut.conf.d/50-image.conf";
constexpr std::string_view kDracut = "/usr/bin/dracut";

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

/// An archive as it is written into the image.
std::string compressed(const Plan& plan, const Kernel& kernel, const std::string& archive,
                       Progress& progress) {
  const InitramfsParts parts = split_initramfs(archive);
  const TraceSpan span("work", "compress the initramfs");
  std::string image(parts.early);
  image += kernel.compression == InitramfsCompression::zstd
               ? compress_zstd(parts.main, static_cast<int>(std::thread::hardware_concurrency()))
               : compress_gzip(parts.main);
  progress.note(fmt::format("{}: {} from {}", initramfs_path(plan, kernel.version),
                            to_text(Bytes{image.size()}), to_text(Bytes{archive.size()})));
  return image;
}

/// The initramfs that was made of the same before is taken, else one is made and kept.
std::string take_or_make(const Plan& plan, Root& root, const Kernel& kernel,
                         const std::vector<std::string>& drivers, const std::string& configuration,
                         const InitramfsStore* kept, Progress& progress) {
  std::optional<SystemdInitramfs> of_systemd;
  if (plan.boot.initramfs == InitramfsMaker::systemd) {
    of_systemd.emplace(plan, root, kernel.version, drivers);
  }
  const auto make = [&] {
    return compressed(
        plan, kernel,
        of_systemd ? of_systemd->archive() : dracut_archive(plan, root, kernel.version, progress),
        progress);
  };
  if (kept == nullptr) return make();
  host::StoreKey key = kept->key;
  if (of_systemd) {
    of_systemd->add_to(key);
    key.add("compression", fmt::format("{}", static_cast<int>(kernel.compression)));
  } else {
    key = initramfs_key(std::move(key), root, kernel.version, configuration);
  }
  if (const auto entry = kept->store.find(key)) {
    if (auto image = entry->read(kInitramfs)) {
      progress.note(fmt::format("{}: reused", initramfs_path(plan, kernel.version)));
      return *std::move(image);
    }
    kept->store.remove(key);
  }
  if (kept->explain) progress.note(kept->store.explain("the initramfs", key));
  std::string image = make();
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
    const bool has_dracut = root.exists(kDracut);
    if (!has_dracut && plan.boot.initramfs == InitramfsMaker::dracut) {
      throw Error(ErrorKind::usage, "the image has no 'dracut', which makes the initramfs",
                  "add 'dracut' to packages.install, or write 'initramfs: systemd'");
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
    const std::string text = dracut_configuration(plan, drivers, kernels.front().compression);
    // Later kernels get theirs by dracut in any case.
    if (has_dracut) write_with_parents(root, kConfiguration, text);
    std::uint64_t done = 0;
    for (const Kernel& kernel : kernels) {
      progress.advance(Stage::initramfs, {done, {}}, kernel.version);
      // Owner only: an initramfs may hold secrets, and dracut's own mode is 0600.
      root.write(initramfs_path(plan, kernel.version),
                 take_or_make(plan, root, kernel, drivers, text, kept, progress), {0600, 0, 0});
      done++;
    }
    progress.end(Stage::initramfs, {done, {}});
  });
}

}  // namespace composer::tree
