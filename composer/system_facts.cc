#include "composer/system_facts.h"

#include <fmt/format.h>

#include "composer/tree/boot_place.h"
#include "composer/tree/kernel_versions.h"
#include "composer/tree/loader_files.h"
#include "composer/tree/unified_kernel.h"

namespace composer {
namespace {

using BootEntry = image::SystemFacts::BootEntry;

/// What tree/steps/boot_entries.cc and unified_kernels.cc wrote.
BootEntry entry_of(const Plan& plan, const Root& root, const std::string& version) {
  const std::string& mount = tree::kernel_partition(plan).filesystem->mount;
  const std::string name = fmt::format("{}-{}", tree::entry_token(plan, root), version);
  BootEntry entry;
  entry.kernel = version;
  entry.command_line = tree::full_kernel_command_line(plan.boot);
  if (plan.boot.loader == Loader::systemd_boot) {
    entry.path = fmt::format("{}/loader/entries/{}.conf", mount, name);
    return entry;
  }
  entry.kind = BootEntry::Kind::unified_kernel;
  entry.path = fmt::format("{}/EFI/Linux/{}.efi", mount, name);
  if (plan.boot.uki == UkiSource::packaged) {
    const std::string image = root.read(entry.path).value_or("");
    entry.command_line = tree::read_unified_kernel(image, entry.path, plan.arch).command_line;
  }
  return entry;
}

}  // namespace

image::SystemFacts read_system_facts(const Plan& plan, const Root& root) {
  image::SystemFacts facts;
  facts.os_release = root.read("/etc/os-release").value_or("");
  for (const std::string& version : tree::installed_kernels(root)) {
    facts.kernels.push_back({version, tree::kernel_path(root, version)});
  }
  if (!plan.has_disk() || plan.boot.loader == Loader::grub) return facts;
  for (const std::string& version : tree::required_kernels(plan, root)) {
    facts.entries.push_back(entry_of(plan, root, version));
  }
  return facts;
}

}  // namespace composer
