#include <algorithm>
#include <fmt/format.h>
#include <set>

#include "composer/tree/boot_place.h"
#include "composer/tree/loader_files.h"
#include "composer/tree/root_files.h"
#include "composer/tree/steps/steps.h"

// What a base image has of kernels that have left it, and entries of the boot menu: the kernels
// that are there now get theirs anew, and an entry with the old command line or UUID beside them
// would be one that does not start.

namespace composer::tree::old_boot_files {
namespace {

constexpr std::string_view kModules = "/usr/lib/modules";
constexpr std::string_view kPrefixes[] = {"vmlinuz-", "initramfs-", "config-", "System.map-",
                                          ".vmlinuz-"};
constexpr std::string_view kSuffixes[] = {"kdump.img", ".img", ".hmac"};

/// The version in the name of a kernel's file in /boot, or an empty text.
std::string_view version_in(std::string_view name) {
  for (const std::string_view prefix : kPrefixes) {
    if (!name.starts_with(prefix)) continue;
    name.remove_prefix(prefix.size());
    for (const std::string_view suffix : kSuffixes) {
      if (name.ends_with(suffix)) name.remove_suffix(suffix.size());
    }
    return name;
  }
  return {};
}

void remove_files(Root& root, const std::string& folder, std::string_view ending) {
  for (const std::string& name : root.list(folder)) {
    if (name.ends_with(ending)) root.remove(fmt::format("{}/{}", folder, name));
  }
}

/// The folders that a boot loader reads: /boot, and the partition with the kernels.
std::vector<std::string> boot_folders(const Plan& plan) {
  std::vector<std::string> folders{"/boot"};
  if (const PlannedPartition* esp = mounted_esp(plan)) {
    if (esp->filesystem->mount != "/boot") folders.push_back(esp->filesystem->mount);
  }
  return folders;
}

}  // namespace

bool wanted(const Plan& plan) {
  return plan.base && plan.writes_boot();
}

std::vector<std::string> describe(const Plan& plan) {
  std::vector<std::string> texts{"remove the files of kernels that have left from /boot"};
  for (const std::string& folder : boot_folders(plan)) {
    texts.push_back(fmt::format("remove the boot entries in {}/loader/entries", folder));
  }
  return texts;
}

void apply(const Plan& plan, Root& root, Progress&) {
  // A kernel is there whose modules are: packages bring and take them. What depmod made stays.
  std::set<std::string, std::less<>> kernels;
  for (const std::string& version : root.list(kModules)) {
    const std::string folder = fmt::format("{}/{}", kModules, version);
    if (root.exists(folder + "/kernel") || root.exists(folder + "/vmlinuz")) {
      kernels.insert(version);
    } else {
      remove_tree(root, folder);
    }
  }
  for (const std::string& name : root.list("/boot")) {
    const std::string_view version = version_in(name);
    if (!version.empty() && !kernels.contains(version)) root.remove("/boot/" + name);
  }
  for (const std::string& folder : boot_folders(plan)) {
    remove_files(root, folder + "/loader/entries", ".conf");
    if (plan.boot.loader == Loader::uki) remove_files(root, folder + "/EFI/Linux", ".efi");
    if (plan.boot.loader == Loader::systemd_boot) {
      remove_tree(root, fmt::format("{}/{}", folder, entry_token(plan, root)));
    }
  }
}

}  // namespace composer::tree::old_boot_files
