#include <fmt/format.h>

#include "composer/tree/boot_place.h"
#include "composer/tree/esp_paths.h"
#include "composer/tree/grub_installation.h"
#include "composer/tree/root_files.h"
#include "composer/tree/steps/steps.h"

// The ESP: nothing is built, since a rebuilt GRUB would lose its signature. The packages' shim and
// GRUB are put where firmware without a boot entry looks, and a grub.cfg wherever a GRUB does.

namespace composer::tree::grub_uefi {
namespace {

std::string removable_folder(const Root& root, const std::string& top) {
  const std::string there = find_ignoring_case(root, top, "BOOT");
  return fmt::format("{}/{}", top, there.empty() ? "BOOT" : there);
}

void copy_if_missing(Root& root, const std::string& from, const std::string& folder,
                     std::string_view name) {
  if (!find_ignoring_case(root, folder, name).empty()) return;
  if (const auto content = root.read(from)) {
    write_with_parents(root, fmt::format("{}/{}", folder, name), *content, {0755, 0, 0});
  }
}

/// Whether shim's fallback would find a loader: a table in a vendor's folder, UTF-16LE with the
/// loader's file name up to the first comma, and that file.
bool fallback_works(const Root& root, const std::string& top, const EfiNames& names) {
  for (const std::string& vendor : root.list(top)) {
    const std::string folder = fmt::format("{}/{}", top, vendor);
    const std::string table = find_ignoring_case(root, folder, names.fallback_table);
    if (table.empty()) continue;
    const std::string text = root.read(fmt::format("{}/{}", folder, table)).value_or("");
    std::string loader;
    for (std::size_t at = text.starts_with("\xff\xfe") ? 2 : 0; at + 1 < text.size(); at += 2) {
      if (text[at] == ',' || text[at + 1] != 0) break;
      loader += text[at];
    }
    if (!loader.empty() && !find_ignoring_case(root, folder, loader).empty()) return true;
  }
  return false;
}

}  // namespace

bool wanted(const Plan& plan) {
  return plan.writes_boot() && plan.boot.loader == Loader::grub && boots_by_uefi(plan);
}

std::vector<std::string> describe(const Plan& plan) {
  const EfiNames& names = efi_names(plan.arch);
  const PlannedPartition* esp = mounted_esp(plan);
  const std::string mount = esp ? esp->filesystem->mount : "/boot/efi";
  return {fmt::format("make {}/EFI/BOOT/{} start without an entry in the firmware", mount,
                      names.removable),
          fmt::format("write a grub.cfg beside each {} that goes on at filesystem {}", names.grub,
                      boot_place(plan).filesystem->uuid)};
}

void apply(const Plan& plan, Root& root, Progress& progress) {
  const EfiNames& names = efi_names(plan.arch);
  const VendorGrub vendor = vendor_grub(plan, root);
  const std::string top(parent_of(vendor.folder));
  const std::string mount(parent_of(top));
  const std::string removable = removable_folder(root, top);

  if (vendor.shim.empty()) {
    copy_if_missing(root, vendor.folder + "/" + vendor.grub, removable, names.removable);
  } else {
    copy_if_missing(root, vendor.folder + "/" + vendor.shim, removable, names.removable);
    const std::string mok = find_ignoring_case(root, vendor.folder, names.mok_manager);
    if (!mok.empty()) {
      copy_if_missing(root, vendor.folder + "/" + mok, removable, names.mok_manager);
    }
  }
  copy_if_missing(root, vendor.folder + "/" + vendor.grub, removable, names.grub);

  // In the removable folder shim prefers its fallback, which writes boot entries from the vendors'
  // tables and then, where there is a TPM, resets. Without a table it would do so for ever.
  const std::string fallback = find_ignoring_case(root, removable, names.fallback);
  if (!fallback.empty() && !fallback_works(root, top, names)) {
    root.remove(fmt::format("{}/{}", removable, fallback));
    progress.note(
        fmt::format("'{}/{}' has no table of loaders to restore: removed", removable, fallback));
  }

  const std::string stub = grub_stub(grub_menu_for(plan, root));
  for (const std::string& name : root.list(top)) {
    const std::string folder = fmt::format("{}/{}", top, name);
    if (find_ignoring_case(root, folder, names.grub).empty()) continue;
    write_with_parents(root, folder + "/grub.cfg", stub, {0700, 0, 0});
  }
  if (!vendor.image.prefix.empty()) {
    const std::string folder = path_on_esp(root, mount, vendor.image.prefix);
    write_with_parents(root, folder + "/grub.cfg", stub, {0700, 0, 0});
  }
}

}  // namespace composer::tree::grub_uefi
