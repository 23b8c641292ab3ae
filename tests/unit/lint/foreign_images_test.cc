#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>

#include "tests/unit/lint/sample_image.h"

// Images that other tools make: what is right in another way must not fail, and what was not looked
// at must not pass.

namespace composer::lint {
namespace {

constexpr const char* kVersion = "6.18.31-1.6.azl4.x86_64";
constexpr const char* kModules = "/usr/lib/modules/6.18.31-1.6.azl4.x86_64";
constexpr const char* kGrub = "/boot/grub2/grub.cfg";
using Ids = std::vector<std::string>;

/// The verdict of one rule on a good image that `change` made another of.
Verdict verdict(std::string_view rule, const std::function<void(SampleImage&)>& change,
                LintProfile profile = LintProfile::azure_gen2) {
  SampleImage image = good_image(profile);
  change(image);
  image.label();
  const Report report = judged(image, profile);
  return std::find_if(report.results.begin(), report.results.end(),
                      [&](const Result& result) { return result.rule->id == rule; })
      ->verdict;
}

std::string outcome(const Verdict& verdict) {
  switch (verdict.outcome) {
    case Verdict::Outcome::passed:
      return "passed";
    case Verdict::Outcome::failed:
      return "failed: " + verdict.found.front();
    case Verdict::Outcome::skipped:
      return "skipped: " + verdict.reason;
    case Verdict::Outcome::inapplicable:
      return "inapplicable: " + verdict.reason;
  }
  return {};
}

std::string outcome(std::string_view rule, const std::function<void(SampleImage&)>& change,
                    LintProfile profile = LintProfile::azure_gen2) {
  return outcome(verdict(rule, change, profile));
}

/// Everything that fails on a good image that `change` made another of.
Ids failing_on(const std::function<void(SampleImage&)>& change,
               LintProfile profile = LintProfile::azure_gen2) {
  SampleImage image = good_image(profile);
  change(image);
  image.label();
  return failing(judged(image, profile));
}

TEST_CASE("a kernel with everything built in needs neither modules nor an initramfs") {
  const auto build_in = [](SampleImage& image) {
    image.remove(kModules);
    image.remove(std::string("/boot/initramfs-") + kVersion + ".img");
    image.root.file(
        std::string("/boot/config-") + kVersion,
        "# CONFIG_MODULES is not set\nCONFIG_HYPERV=y\nCONFIG_HYPERV_STORAGE=y\n"
        "CONFIG_HYPERV_NET=y\nCONFIG_HYPERV_UTILS=y\nCONFIG_HYPERV_BALLOON=y\n"
        "CONFIG_HID_HYPERV_MOUSE=y\nCONFIG_HYPERV_KEYBOARD=y\nCONFIG_PCI_HYPERV=y\n"
        "CONFIG_MLX4_CORE=y\nCONFIG_MLX5_CORE=y\nCONFIG_MICROSOFT_MANA=y\nCONFIG_BLK_DEV_NVME=y\n"
        "CONFIG_CIFS=y\nCONFIG_VFAT_FS=y\nCONFIG_WATCHDOG=y\n");
    image.edit(kGrub, std::string("  initrd /boot/initramfs-") + kVersion + ".img\n", "");
    image.edit(kGrub,
               "linux /boot/vmlinuz-6.18.31-1.6.azl4.x86_64 "
               "root=UUID=841d43b2-0e05-8b30-bf25-9716b73d5f30",
               "linux /boot/vmlinuz-6.18.31-1.6.azl4.x86_64 "
               "root=PARTUUID=e317673a-120e-82fe-9034-0dfaafdf9a75");
  };
  CHECK(failing_on(build_in) == Ids{});
  CHECK(outcome("boot-entries", build_in) == "passed");
  // A root by UUID is what only an initramfs finds.
  CHECK(outcome("boot-entries", [&](SampleImage& image) {
          build_in(image);
          image.edit(kGrub, "root=PARTUUID=e317673a-120e-82fe-9034-0dfaafdf9a75",
                     "root=UUID=841d43b2-0e05-8b30-bf25-9716b73d5f30");
        }).ends_with("without an initramfs"));
  CHECK(outcome("vfat-allowed", [&](SampleImage& image) {
          build_in(image);
          image.root.file("/etc/modprobe.d/cis.conf", "install vfat /bin/false\n");
        }) == "passed");
}

TEST_CASE("an empty modules.dep is that of a kernel whose drivers are built in") {
  CHECK(outcome("modules-match-kernel", [](SampleImage& image) {
          image.root.file(std::string(kModules) + "/modules.dep", "");
        }) == "passed");
}

TEST_CASE("what modules a kernel has is not known without a list of them") {
  CHECK(outcome("hyperv-service-drivers", [](SampleImage& image) {
          image.remove(std::string(kModules) + "/modules.dep");
        }) == "skipped: what kernel 6.18.31-1.6.azl4.x86_64 has is not known");
}

TEST_CASE("a folder of modules without a kernel's own files is what a kernel has left") {
  CHECK(failing_on([](SampleImage& image) {
          image.root.file("/usr/lib/modules/5.14.0-1.x86_64/weak-updates/x.ko", "x");
        }) == Ids{});
}

TEST_CASE("modules, units and rules in /lib are seen where /lib is no link") {
  CHECK(failing_on([](SampleImage& image) {
          image.remove("/usr/lib/modules");
          const std::string modules = std::string("/lib/modules/") + kVersion;
          image.root.file(modules + "/modules.dep", "")
              .file(modules + "/config", "CONFIG_MODULES=y\nCONFIG_WATCHDOG=y\n")
              .file(modules + "/modules.builtin",
                    "hv_vmbus.ko\nhv_storvsc.ko\nhv_netvsc.ko\nhv_utils.ko\nhv_balloon.ko\n"
                    "hid-hyperv.ko\nhyperv-keyboard.ko\npci-hyperv.ko\nmlx4_core.ko\n"
                    "mlx5_core.ko\nmana.ko\nnvme.ko\ncifs.ko\n");
          image.remove("/usr/lib/udev/rules.d/50-udev-default.rules");
          image.root.file("/lib/udev/rules.d/50-x.rules",
                          "SUBSYSTEM==\"ptp\", ATTR{clock_name}==\"hyperv\", \\\n"
                          "  SYMLINK += \"ptp_hyperv\"\n");
          image.remove("/usr/lib/systemd/system/sshd.service");
          image.root.file("/lib/systemd/system/ssh.service", "[Install]\nWantedBy=x\n");
          image.root.link("/etc/systemd/system/multi-user.target.wants/ssh.service", "/lib/x");
        }) == Ids{});
}

TEST_CASE(
    "a kernel is found by the link that the boot loader names, and by its own version alone") {
  CHECK(failing_on([](SampleImage& image) {
          image.root.link("/boot/vmlinuz", std::string("vmlinuz-") + kVersion);
          image.edit(kGrub, std::string("linux /boot/vmlinuz-") + kVersion, "linux /boot/vmlinuz");
        }) == Ids{});
  const auto add_kernel = [](SampleImage& image, const std::string& version) {
    image.root.file("/usr/lib/modules/" + version + "/modules.dep", "")
        .file("/boot/vmlinuz-" + version, "kernel");
  };
  CHECK(outcome("kernel-bootable", [&](SampleImage& image) {
          add_kernel(image, "6.18.31-1.6.azl4");
        }) == "failed: kernel 6.18.31-1.6.azl4: no boot entry starts it");
}

TEST_CASE("links in /boot that lead to each other end") {
  CHECK(outcome("boot-entries", [](SampleImage& image) {
          image.root.link("/boot/a", "b").link("/boot/b", "a");
          image.edit(kGrub, std::string("linux /boot/vmlinuz-") + kVersion, "linux /boot/a");
        }).starts_with("skipped: "));
}

TEST_CASE("memtest and programs that start no Linux are no boot entries") {
  CHECK(failing_on([](SampleImage& image) {
          image.root.file("/boot/memtest86+x64.bin", "x")
              .file("/boot/efi/shell.efi", efi_program({{".sbat", "sbat,1"}}, "x"))
              .file("/boot/efi/loader/entries/shell.conf", "title Shell\nefi /shell.efi\n");
          image.edit(kGrub, "search ", "linux /boot/memtest86+x64.bin console=tty0\nsearch ");
        }) == Ids{});
}

TEST_CASE("BLS entries take the arguments that grub.cfg sets by default") {
  CHECK(failing_on([](SampleImage& image) {
          image.root.file(kGrub,
                          "set default_kernelopts=\"root=UUID=841d43b2-0e05-8b30-bf25-9716b73d5f30 "
                          "console=ttyS0 earlyprintk=serial,ttyS0,115200 rootdelay=300 "
                          "net.ifnames=0\"\nblscfg\n",
                          {0600, 0, 0});
          image.root.file("/boot/loader/entries/a.conf",
                          std::string("title x\nversion ") + kVersion + "\nlinux /vmlinuz-" +
                              kVersion + "\ninitrd /initramfs-" + kVersion +
                              ".img $tuned_initrd\noptions $kernelopts $tuned_params\n");
        }) == Ids{});
}

TEST_CASE("GRUB's configuration is read on the ESP, and the variables of a file that it loads") {
  CHECK(failing_on([](SampleImage& image) {
          const std::string text = image.root.read(kGrub).value();
          image.remove(kGrub);
          image.root.file("/boot/x.cfg", "extra=quiet console=tty0\n");
          image.root.file("/boot/efi/EFI/azurelinux/grub.cfg",
                          "set bootprefix=/boot\nload_env -f $bootprefix/x.cfg extra\n" + text);
          image.edit("/boot/efi/EFI/azurelinux/grub.cfg", "rd.shell=0", "$extra");
        }) == Ids{"no-quiet-boot"});
}

TEST_CASE(
    "a root partition needs no line in fstab where its type or the kernel's arguments say so") {
  const auto none = [](SampleImage& image) { image.root.file("/etc/fstab", "# UNCONFIGURED\n"); };
  CHECK(outcome("one-root-mount", none) == "passed");
  const auto untyped = [&](SampleImage& image) {
    none(image);
    image.subject.disk->partitions.back().type_id = "0FC63DAF-8483-4772-8E79-3D69D8477DE4";
  };
  CHECK(outcome("one-root-mount", untyped) == "failed: /etc/fstab mounts nothing at /");
  CHECK(outcome("one-root-mount", [&](SampleImage& image) {
          untyped(image);
          image.edit(kGrub, "rd.shell=0", "rw");
        }) == "passed");
}

TEST_CASE("what may be in a volume group is not said to be missing") {
  const auto change = [](SampleImage& image) {
    image.subject.disk->partitions.push_back({3, "8E", "", "", GiB(29), GiB(1)});
    image.subject.filesystems.push_back({3, "LVM2_member", "", ""});
    image.root.file("/etc/fstab", image.root.read("/etc/fstab").value() +
                                      "UUID=00000000-0000-0000-0000-000000000001 /var xfs x\n");
  };
  CHECK(outcome("fstab-devices-exist", change) ==
        "skipped: /etc/fstab:3: UUID=00000000-0000-0000-0000-000000000001 is not on the disk, or "
        "in a partition that cannot be looked into");
  CHECK(outcome("no-lvm", change) == "failed: partition 3 is a physical volume of LVM");
  CHECK(outcome("no-lvm", [](SampleImage& image) {
          image.subject.disk->type = PartitionTableType::mbr;
          image.subject.disk->partitions.push_back({3, "8E", "", "", GiB(29), GiB(1)});
        }) == "failed: partition 3 is a physical volume of LVM");
}

TEST_CASE("a filesystem on the whole disk leaves Azure no room") {
  CHECK(outcome("first-mebibyte-free", [](SampleImage& image) {
          image.subject.disk->partitions.clear();
          image.subject.filesystems = {{0, "ext4", "", ""}};
        }) == "failed: ext4 is on the whole disk");
}

TEST_CASE("a cryptographic policy is FIPS behind the comments of its file") {
  CHECK(outcome("fips-argument",
                [](SampleImage& image) {
                  image.root.file("/etc/crypto-policies/config",
                                  "# This file\n# says:\n\nFIPS:OSPP\n");
                }) ==
        "failed: /boot/grub2/grub.cfg: the image is a FIPS image, and the kernel gets no "
        "fips=1");
}

TEST_CASE("modules may be denied by the kernel's arguments too") {
  CHECK(outcome("vfat-allowed", [](SampleImage& image) {
          image.edit(kGrub, "rd.shell=0", "modprobe.blacklist=x,vfat");
        }) == "failed: /boot/grub2/grub.cfg: modprobe.blacklist denies vfat");
}

TEST_CASE("dracut's files of one name are one, by their names") {
  CHECK(outcome("dracut-keeps-drivers", [](SampleImage& image) {
          const std::string text = image.root.read("/etc/dracut.conf.d/50-azure.conf").value();
          image.root.file("/usr/lib/dracut/dracut.conf.d/50-azure.conf", text);
          image.root.link("/etc/dracut.conf.d/50-azure.conf", "/dev/null");
        }).starts_with("failed: "));
  CHECK(outcome("generic-initramfs", [](SampleImage& image) {
          image.root.file("/etc/dracut.conf.d/05.conf", "hostonly=yes\n");
        }) == "passed");
}

TEST_CASE("Secure Boot's rules do not pass where there is no program to look at") {
  CHECK(outcome(
            "secure-boot-signatures",
            [](SampleImage& image) {
              image.remove("/boot/efi/EFI/BOOT");
              image.remove("/boot/efi/EFI/azurelinux");
            },
            LintProfile::trusted_launch) == "skipped: the ESP has no boot loader");
}

}  // namespace
}  // namespace composer::lint
