#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <zstd.h>

#include "composer/base/file_descriptor.h"
#include "composer/disk/boot_code.h"
#include "composer/host/process.h"
#include "composer/mount/mount_point.h"
#include "composer/tree/accounts.h"
#include "composer/tree/grub_efi_image.h"
#include "composer/tree/host_root.h"

#include "sample.h"
#include "tests/support/scratch_folder.h"

// The steps on packages: the lab repository's, put there by dnf, so that neither the solver nor the
// transaction of this project decides whether this passes. systemctl, dracut, depmod and
// grub2-mkimage are the image's own.

using namespace composer;

namespace {

const std::filesystem::path kLab = COMPOSER_SOURCE_DIR "/lab";

void skip_without(bool condition, const char* reason) {
  if (condition) return;
  std::fprintf(stderr, "skipped: %s\n", reason);
  std::exit(77);
}

void install(const std::filesystem::path& root, const std::filesystem::path& scratch) {
  const std::filesystem::path configuration = scratch / "dnf.conf";
  std::ofstream(configuration) << "[main]\nreposdir=/nonexistent\nvarsdir=/nonexistent\n"
                               << "pluginpath=/nonexistent\ninstall_weak_deps=False\ngpgcheck=0\n"
                               << "cachedir=" << (scratch / "cache").string() << "\n"
                               << "logdir=" << (scratch / "log").string() << "\n"
                               << "[lab]\nname=lab\nbaseurl=file://"
                               << std::filesystem::canonical(kLab).string() << "\n";
  SilentProgress progress;
  const host::CommandRunner runner(progress);
  host::Command command;
  command.arguments = {"dnf",           "--config",       configuration.string(),
                       "--installroot", root.string(),    "--releasever=4",
                       "--assumeyes",   "install",        "azurelinux-release-cloud",
                       "bash",          "chrony",         "coreutils",
                       "dracut",        "e2fsprogs",      "filesystem",
                       "grub2-efi-x64", "grub2-pc",       "grub2-tools",
                       "kernel",        "openssh-server", "setup",
                       "shadow-utils",  "shim",           "systemd",
                       "systemd-udev",  "tzdata",         "util-linux"};
  command.environment = {"KERNEL_INSTALL_BYPASS=1"};
  runner.check(command);
}

std::string unpacked(const std::string& frame) {
  std::string bytes(ZSTD_getFrameContentSize(frame.data(), frame.size()), '\0');
  REQUIRE(ZSTD_decompress(bytes.data(), bytes.size(), frame.data(), frame.size()) == bytes.size());
  return bytes;
}

}  // namespace

TEST_CASE("a root of the lab's packages becomes a system that can start by UEFI and BIOS") {
  skip_without(std::filesystem::exists(kLab / "repodata/repomd.xml"),
               "there is no lab repository: run scripts/make-lab-repo");
  skip_without(!host::find_program("dnf").empty(), "dnf is not installed");
  const test::ScratchFolder scratch;
  std::filesystem::create_directory(scratch.path() / "root");
  const mount::Mount memory("tree", {scratch.path(), "/root"}, "tmpfs", {"mode=755"});
  install(memory.path(), scratch.path());

  Plan plan = test::full_plan();
  // What needs further packages (keymaps, networkd, a firewall) has tests of its own.
  const PlannedSystem all = plan.system;
  plan.system = {};
  plan.system.hostname = all.hostname;
  plan.system.timezone = all.timezone;
  plan.system.groups = all.groups;
  plan.system.users = all.users;
  plan.system.files = all.files;
  plan.system.services_mask = all.services_mask;
  plan.installation = {};
  plan.scripts.clear();
  plan.system.services_enable = {"sshd", "chronyd"};
  plan.system.services_disable = {};
  plan.system.locale = "C.UTF-8";
  tree::HostRoot root(memory.path());
  test::NotedProgress progress;
  tree::configure(plan, root, progress);
  tree::make_initramfs(plan, root, progress);
  REQUIRE(root.list("/usr/lib/modules").size() == 1);
  const std::string kernel = root.list("/usr/lib/modules")[0];
  const std::string image_path = "/boot/initramfs-" + kernel + ".img";
  const std::string image = *root.read(image_path);

  {
    INFO("the initramfs has the drivers of Hyper-V and QEMU and is the same the second time");
    const std::string archive = unpacked(image);
    for (const char* driver : {"hv_vmbus", "hv_storvsc", "hv_netvsc", "virtio_blk", "virtio_scsi",
                               "ata_piix", "sd_mod", "nvme"}) {
      CAPTURE(driver);
      CHECK(archive.find(std::string("/") + driver + ".ko") != std::string::npos);
    }
    CHECK(root.status(image_path)->mode == 0600);
    tree::make_initramfs(plan, root, progress);
    CHECK((*root.read(image_path) == image));
  }

  {
    INFO("the loader, the accounts and the services are in place and nothing else is left");
    const tree::BiosBootImages images = tree::bios_boot_images(plan, root);
    CHECK(images.boot_image.size() == 512);
    CHECK(disk::patched_core_image(images.core_image, 2048, MiB(1)).size() < MiB(1).count);
    std::string sector(512, '\0');
    sector.replace(0x1fe, 2, "\x55\xaa");
    CHECK(disk::patched_boot_sector(images.boot_image, sector, 2048).size() == 512);
    CHECK(root.exists("/boot/grub2/i386-pc/normal.mod"));

    const auto grub = tree::read_grub_efi_image(*root.read("/boot/efi/EFI/BOOT/grubx64.efi"));
    REQUIRE(grub);
    CHECK(grub->prefix == "/EFI/debian");
    CHECK(grub->has("search_fs_uuid"));
    for (const char* folder : {"BOOT", "azurelinux", "debian"}) {
      CAPTURE(folder);
      CHECK(root.read(std::string("/boot/efi/EFI/") + folder + "/grub.cfg")
                ->starts_with("search --no-floppy --fs-uuid --set=root 11111111-"));
    }
    CHECK(root.read("/boot/grub2/grub.cfg")->find("  linux /boot/vmlinuz-" + kernel + " root=") !=
          std::string::npos);
    CHECK(root.exists("/boot/vmlinuz-" + kernel));

    for (const char* unit : {"sshd", "chronyd"}) {
      CAPTURE(unit);
      const auto result = root.run(
          {{"systemctl", "--root=/", "is-enabled", unit + std::string(".service")}, {}, {}});
      CHECK((result.standard_output == "enabled\n" || result.standard_output == "alias\n"));
    }
    CHECK(root.read_link("/etc/systemd/system/tmp.mount") == "/dev/null");
    CHECK(root.run({{"id", "-nG", "ada"}, {}, {}}).standard_output == "ops wheel audit\n");
    CHECK(root.run({{"pwck", "--read-only", "--quiet"}, {}, {}}).standard_error.empty());
    CHECK(root.run({{"findmnt", "--fstab", "-n", "-r", "-o", "TARGET,FSTYPE,OPTIONS"}, {}, {}})
              .standard_output ==
          "/ ext4 defaults,x-systemd.growfs\n"
          "/boot/efi vfat defaults,umask=0077,noexec,nodev,nosuid,nosymfollow\n");

    tree::clean(plan, root, progress);
    CHECK(root.list("/var/tmp").empty());
    CHECK(root.list("/var/cache/dnf").empty());
    CHECK_FALSE(root.exists("/var/cache/ldconfig/aux-cache"));
    CHECK(root.read("/etc/machine-id") == "uninitialized\n");
  }
}
