#include <array>
#include <fmt/format.h>

#include "composer/error.h"
#include "composer/tree/boot_place.h"
#include "composer/tree/configure.h"
#include "composer/tree/grub_installation.h"
#include "composer/tree/root_files.h"
#include "composer/tree/steps/steps.h"

// GRUB for BIOS as grub-install leaves it in /boot/grub2/i386-pc: the modules, boot.img and a
// core.img made by the image's own grub2-mkimage. disk::write_bios_boot_code puts the two images on
// the disk, so that no tool needs to find out which device this root is on.

namespace composer::tree {
namespace {

constexpr std::string_view kFolder = "/boot/grub2/i386-pc";

// What core.img needs to reach grub.cfg on either kind of partition table, and to read it; `normal`
// loads the rest from the folder. The filesystem's module is added.
constexpr std::array kCoreModules{"biosdisk",       "part_gpt", "part_msdos", "search",
                                  "search_fs_uuid", "normal",   "configfile", "linux",
                                  "serial",         "terminal", "test",       "loadenv"};

}  // namespace

BiosBootImages bios_boot_images(const Plan& plan, const Root& root) {
  if (!boots_by_bios(plan)) return {};
  BiosBootImages images;
  for (const auto& [name, image] :
       {std::pair{"boot.img", &images.boot_image}, std::pair{"core.img", &images.core_image}}) {
    auto content = root.read(fmt::format("{}/{}", kFolder, name));
    if (!content) {
      throw Error(ErrorKind::build, fmt::format("the root has no '{}/{}'", kFolder, name));
    }
    *image = *std::move(content);
  }
  return images;
}

}  // namespace composer::tree

namespace composer::tree::grub_bios {
namespace {

std::string image_maker(const Root& root) {
  for (const std::string_view name : {"grub2-mkimage", "grub-mkimage"}) {
    if (root.exists(fmt::format("/usr/bin/{}", name))) return std::string(name);
  }
  throw Error(ErrorKind::usage, "the image has no 'grub2-mkimage', which makes GRUB's core image",
              "add 'grub2-tools-minimal' to packages.install");
}

void copy_modules(Root& root) {
  for (const std::string& name : root.list(kBiosModules)) {
    if (!name.ends_with(".mod") && !name.ends_with(".lst") && name != "boot.img") continue;
    const auto content = root.read(fmt::format("{}/{}", kBiosModules, name));
    if (content) root.write(fmt::format("{}/{}", kFolder, name), *content, {});
  }
}

}  // namespace

bool wanted(const Plan& plan) {
  return plan.writes_boot() && plan.boot.loader == Loader::grub && boots_by_bios(plan);
}

std::vector<std::string> describe(const Plan& plan) {
  return {fmt::format("copy GRUB's modules for BIOS to {}", kFolder),
          fmt::format("make {}/core.img, which goes on at filesystem {}", kFolder,
                      boot_place(plan).filesystem->uuid)};
}

void apply(const Plan& plan, Root& root, Progress& progress) {
  if (plan.arch != Architecture::x86_64) {
    throw Error(ErrorKind::usage, "only x86_64 boots by BIOS", "set boot.firmware to uefi");
  }
  if (!root.exists(fmt::format("{}/boot.img", kBiosModules))) {
    throw Error(
        ErrorKind::usage,
        fmt::format("no GRUB for BIOS is installed: the image has no '{}/boot.img'", kBiosModules),
        "add 'grub2-pc' to packages.install");
  }
  const std::string maker = image_maker(root);
  const GrubMenu menu = grub_menu_for(plan, root);
  root.make_directories(kFolder, {0755, 0, 0});
  copy_modules(root);
  const std::string early = fmt::format("{}/load.cfg", kFolder);
  root.write(early, grub_early_configuration(menu), {});

  RootCommand command{
      {maker, "--format=i386-pc", fmt::format("--directory={}", kBiosModules),
       fmt::format("--config={}", early), fmt::format("--prefix={}/grub2", menu.boot_prefix),
       fmt::format("--output={}/core.img", kFolder)},
      {},
      {}};
  command.arguments.emplace_back(grub_filesystem_module(boot_place(plan).filesystem->type));
  for (const char* module : kCoreModules) command.arguments.emplace_back(module);
  progress.command(command.arguments);
  run_checked(root, command);
  if (!root.exists(fmt::format("{}/core.img", kFolder))) {
    throw Error(ErrorKind::build, fmt::format("'{}' made no core image", maker));
  }
  root.set_attributes(fmt::format("{}/core.img", kFolder), {0644, 0, 0});
}

}  // namespace composer::tree::grub_bios
