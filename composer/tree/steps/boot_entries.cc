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

// Kernels for systemd-boot as kernel-install lays them out: TOKEN/VERSION/linux and initrd on the
// partition that it reads, and an entry for each.
// Source: the UAPI group's Boot Loader Specification, type 1; systemd 257, 90-loaderentry.install.

namespace composer::tree::boot_entries {
namespace {

struct BootKernel {
  std::string version, kernel, initramfs;
};

BootKernel read_kernel(const Plan& plan, const Root& root, const std::string& version) {
  BootKernel found{version, {}, {}};
  const std::string path = kernel_path(root, version);
  found.kernel = root.read(path).value_or("");
  require_efi_program(found.kernel, path, plan.arch);
  const std::string initramfs = initramfs_path(plan, version);
  auto content = root.read(initramfs);
  if (!content) throw Error(ErrorKind::build, fmt::format("the root has no '{}'", initramfs));
  found.initramfs = *std::move(content);
  return found;
}

std::string entry(const Plan& plan, std::string_view title, std::string_view token,
                  const BootKernel& kernel) {
  return fmt::format(
      "title      {} ({})\n"
      "version    {}\n"
      "sort-key   {}\n"
      "options    {}\n"
      "linux      /{}/{}/linux\n"
      "initrd     /{}/{}/initrd\n",
      title, kernel.version, kernel.version, token, full_kernel_command_line(plan.boot), token,
      kernel.version, token, kernel.version);
}

}  // namespace

bool wanted(const Plan& plan) {
  return plan.writes_boot() && plan.boot.loader == Loader::systemd_boot;
}

std::vector<std::string> describe(const Plan& plan) {
  const std::string& mount = kernel_partition(plan).filesystem->mount;
  return {fmt::format("move each kernel and its initramfs to {}, with an entry in "
                      "{}/loader/entries",
                      mount, mount),
          fmt::format("start kernels with: {}", full_kernel_command_line(plan.boot))};
}

void apply(const Plan& plan, Root& root, Progress& progress) {
  const PlannedPartition& partition = kernel_partition(plan);
  const std::string& mount = partition.filesystem->mount;
  const std::string token = entry_token(plan, root);
  const std::string title = system_title(root.read("/etc/os-release").value_or(""), plan.name);
  std::vector<BootKernel> kernels;
  std::vector<std::uint64_t> sizes;
  for (const std::string& version : required_kernels(plan, root)) {
    kernels.push_back(read_kernel(plan, root, version));
    sizes.push_back(kernels.back().kernel.size());
    sizes.push_back(kernels.back().initramfs.size());
  }
  check_room(root, partition, sizes);
  for (const BootKernel& kernel : kernels) {
    const std::string folder = fmt::format("{}/{}", token, kernel.version);
    write_on_esp(root, mount, folder + "/linux", kernel.kernel);
    write_on_esp(root, mount, folder + "/initrd", kernel.initramfs);
    write_on_esp(root, mount, fmt::format("loader/entries/{}-{}.conf", token, kernel.version),
                 entry(plan, title, token, kernel));
    root.remove(initramfs_path(plan, kernel.version));
    progress.note(fmt::format("{}/{}: {} and {}", mount, folder,
                              to_text(Bytes{kernel.kernel.size()}),
                              to_text(Bytes{kernel.initramfs.size()})));
  }
  // What the entries are of, for bootctl and kernel-install.
  write_on_esp(root, mount, "loader/entries.srel", "type1\n");
  remove_random_seed(plan, root);
}

}  // namespace composer::tree::boot_entries
