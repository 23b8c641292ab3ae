#include <algorithm>
#include <fmt/format.h>

#include "composer/error.h"
#include "composer/tree/boot_place.h"
#include "composer/tree/esp_paths.h"
#include "composer/tree/grub_config.h"
#include "composer/tree/kernel_versions.h"
#include "composer/tree/loader_files.h"
#include "composer/tree/root_files.h"
#include "composer/tree/steps/steps.h"
#include "composer/tree/unified_kernel.h"

// Unified kernel images in EFI/Linux of the partition that systemd-boot reads: made here of kernel,
// initramfs and command line, or as a package brought them.
// Source: the UAPI group's Boot Loader Specification, type 2.

namespace composer::tree::unified_kernels {
namespace {

struct MadeKernel {
  std::string version, image;
};

/// The line of the SBAT table by which this image, and no other part of it, could be revoked.
/// Fields: component, generation, vendor, package, version, URL; commas end them.
std::string sbat_line(const Plan& plan, const Root& root, std::string_view token,
                      std::string_view version) {
  const std::string text = root.read("/etc/os-release").value_or("");
  std::string vendor = system_title(text, plan.name);
  std::string url = os_release_value(text, "HOME_URL");
  const auto plain = [](char c) { return c > ' ' && c < 0x7f && c != ','; };
  if (url.empty() || !std::all_of(url.begin(), url.end(), plain)) {
    url = "https://uapi-group.org/specifications/specs/unified_kernel_image/";
  }
  return fmt::format("uki.{},1,{},uki.{},{},{}\n", token, vendor, token, version, url);
}

/// A command line from a package, as it may be shown in a log.
std::string shown(std::string_view text) {
  constexpr std::size_t kLongest = 300;
  std::string line(text.substr(0, kLongest));
  std::replace_if(
      line.begin(), line.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return line.empty() ? std::string("nothing") : line;
}

MadeKernel make_image(const Plan& plan, const Root& root, std::string_view stub,
                      const std::string& version) {
  const std::string path = kernel_path(root, version);
  const std::string kernel = root.read(path).value_or("");
  const std::string initramfs = root.read(initramfs_path(plan, version)).value_or("");
  const std::string command_line = full_kernel_command_line(plan.boot);
  const std::string os_release = root.read("/etc/os-release").value_or("");
  const std::string sbat = sbat_line(plan, root, entry_token(plan, root), version);
  return {version, unified_kernel_image({.stub = stub,
                                         .kernel = kernel,
                                         .initramfs = initramfs,
                                         .command_line = command_line,
                                         .version = version,
                                         .os_release = os_release,
                                         .sbat = sbat},
                                        plan.arch)};
}

MadeKernel packaged_image(const Plan& plan, const Root& root, const std::string& version,
                          Progress& progress) {
  const std::string path = packaged_image_path(version);
  MadeKernel made{version, root.read(path).value_or("")};
  const UnifiedKernel found = read_unified_kernel(made.image, path, plan.arch);
  if (!found.version.empty() && found.version != version) {
    throw Error(ErrorKind::build, fmt::format("'{}' is of the kernel '{}'", path, found.version));
  }
  progress.note(fmt::format("'{}' starts its kernel with: {}", path, shown(found.command_line)));
  return made;
}

}  // namespace

bool wanted(const Plan& plan) {
  return plan.writes_boot() && plan.boot.loader == Loader::uki;
}

std::vector<std::string> describe(const Plan& plan) {
  const std::string folder = fmt::format("{}/EFI/Linux", kernel_partition(plan).filesystem->mount);
  if (plan.boot.uki == UkiSource::packaged) {
    return {fmt::format("copy each package's unified kernel image to {}", folder)};
  }
  return {fmt::format("make {}/TOKEN-VERSION.efi of each kernel, its initramfs and command line",
                      folder),
          fmt::format("start kernels with: {}", full_kernel_command_line(plan.boot))};
}

void apply(const Plan& plan, Root& root, Progress& progress) {
  const PlannedPartition& partition = kernel_partition(plan);
  const std::string& mount = partition.filesystem->mount;
  const std::string token = entry_token(plan, root);
  const bool packaged = plan.boot.uki == UkiSource::packaged;
  const SystemdProgram stub = packaged ? SystemdProgram{} : systemd_stub(plan, root);
  std::vector<MadeKernel> kernels;
  std::vector<std::uint64_t> sizes;
  for (const std::string& version : required_kernels(plan, root)) {
    kernels.push_back(packaged ? packaged_image(plan, root, version, progress)
                               : make_image(plan, root, stub.content, version));
    sizes.push_back(kernels.back().image.size());
  }
  check_room(root, partition, sizes);
  for (const MadeKernel& kernel : kernels) {
    const std::string path = fmt::format("EFI/Linux/{}-{}.efi", token, kernel.version);
    write_on_esp(root, mount, path, kernel.image);
    if (!packaged) root.remove(initramfs_path(plan, kernel.version));
    progress.note(fmt::format("{}/{}: {}", mount, path, to_text(Bytes{kernel.image.size()})));
  }
  remove_random_seed(plan, root);
}

}  // namespace composer::tree::unified_kernels
