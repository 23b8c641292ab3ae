#include "tests/unit/lint/mutations.h"

// Groups 1 to 16.

namespace composer::lint {
namespace {

constexpr const char* kGrub = "/boot/grub2/grub.cfg";
constexpr const char* kModules = "/usr/lib/modules/6.18.31-1.6.azl4.x86_64";

void remove_module(SampleImage& image, const std::string& path) {
  image.remove(std::string(kModules) + "/kernel/" + path);
}

constexpr Mutation kMutations[] = {
    {"vhd-footer", [](SampleImage& i) { i.subject.file->footer[100] = 'x'; }},
    {"vhd-whole-mebibytes",
     [](SampleImage& i) {
       i.subject.file->virtual_size += Bytes{512};
       i.subject.file->size += Bytes{512};
     }},
    {"vhd-file-length", [](SampleImage& i) { i.subject.file->size += Bytes{4096}; }},
    {"disk-size-limits",
     [](SampleImage& i) {
       i.subject.file->virtual_size = MiB(10);
       i.subject.file->size = MiB(10) + Bytes{512};
     }},
    {"disk-size-marketplace",
     [](SampleImage& i) {
       i.subject.file->virtual_size = GiB(1024);
       i.subject.file->size = GiB(1024) + Bytes{512};
     }},
    {"image-format",
     [](SampleImage& i) {
       i.subject.file->format = FileFormat::qcow2;
       i.subject.file->footer.clear();
     }},
    {"vhd-creator",
     [](SampleImage& i) {
       i.subject.file->footer.replace(28, 4, "vpc ");
       seal(i.subject.file->footer);
     }},
    {"partition-table-whole",
     [](SampleImage& i) { i.subject.disk->problems = {"there is no backup header"}; }},
    {"partitions-aligned",
     [](SampleImage& i) { i.subject.disk->partitions.back().start += Bytes{512}; }},
    {"first-mebibyte-free",
     [](SampleImage& i) { i.subject.disk->partitions.front().start = KiB(128); }},
    {"esp-present",
     [](SampleImage& i) {
       i.subject.disk->partitions.front().type_id = "0FC63DAF-8483-4772-8E79-3D69D8477DE4";
     }},
    {"efi-fallback-loader", [](SampleImage& i) { i.remove("/boot/efi/EFI/BOOT/BOOTX64.EFI"); }},
    {"bios-boot-code",
     [](SampleImage& i) { i.subject.disk->boot_sector.replace(0, 440, 440, '\0'); }},
    {"generation1-architecture",
     [](SampleImage& i) {
       std::string program = i.root.read("/usr/bin/bash").value();
       program[18] = '\xb7';
       i.root.file("/usr/bin/bash", program);
       i.edit(kGrub, "console=ttyS0", "console=ttyAMA0");
       i.root.file("/etc/pki/rpm-gpg/KEY-4.0-aarch64", "a key");
     }},
    {"boot-entries",
     [](SampleImage& i) { i.edit(kGrub, "initrd /boot/initramfs-", "initrd /boot/initrd-"); }},
    {"fstab-device-names",
     [](SampleImage& i) { i.root.file("/etc/fstab", "/dev/sda2 / ext4 defaults 0 1\n"); }},
    {"one-root-mount",
     [](SampleImage& i) {
       i.root.file("/etc/fstab", "tmpfs /x tmpfs\n");
       i.subject.disk->partitions.back().type_id = "0FC63DAF-8483-4772-8E79-3D69D8477DE4";
     }},
    {"esp-mount-options", [](SampleImage& i) { i.edit("/etc/fstab", ",noexec", ""); }},
    {"no-lvm",
     [](SampleImage& i) {
       i.subject.filesystems.front().partition = 2;
       i.subject.disk->partitions.push_back(
           {3, "E6D6D379-F507-44C2-A23C-238F2A3DF928", "", "pv", GiB(29), GiB(1)});
     }},
    {"fstab-devices-exist",
     [](SampleImage& i) {
       i.root.file("/etc/fstab", i.root.read("/etc/fstab").value() + "LABEL=other /x ext4\n");
     }},
    {"root-argument-exists", [](SampleImage& i) { i.edit(kGrub, "root=UUID=8", "root=UUID=9"); }},
    {"serial-console", [](SampleImage& i) { i.edit(kGrub, " console=ttyS0", " console=tty0"); }},
    {"early-printk", [](SampleImage& i) { i.edit(kGrub, "earlyprintk=ttyS0", ""); }},
    {"root-delay", [](SampleImage& i) { i.edit(kGrub, "rootdelay=300", ""); }},
    {"interface-names", [](SampleImage& i) { i.edit(kGrub, "net.ifnames=0", ""); }},
    {"no-quiet-boot", [](SampleImage& i) { i.edit(kGrub, "rd.shell=0", "rhgb quiet"); }},
    {"provisioning-medium-visible",
     [](SampleImage& i) { i.edit(kGrub, "rd.shell=0", "libata.atapi_enabled=0"); }},
    {"root-by-identity",
     [](SampleImage& i) {
       i.edit(kGrub, "root=UUID=841d43b2-0e05-8b30-bf25-9716b73d5f30 console",
              "root=/dev/sda2 console");
     }},
    {"fips-argument", [](SampleImage& i) { i.edit(kGrub, "rd.shell=0", "fips=1"); }},
    {"no-zram-argument", [](SampleImage& i) { i.edit(kGrub, "rd.shell=0", "systemd.zram=1"); }},
    {"grub-config-private",
     [](SampleImage& i) {
       i.root.set_attributes(kGrub, {0644, 0, 0});
     }},
    {"hyperv-boot-drivers",
     [](SampleImage& i) {
       i.root.file("/boot/initramfs-6.18.31-1.6.azl4.x86_64.img",
                   cpio_archive({"hv_vmbus.ko", "hv_netvsc.ko.zst", "nvme.ko"}));
     }},
    {"hyperv-service-drivers", [](SampleImage& i) { remove_module(i, "hv/hv_balloon.ko"); }},
    {"hyperv-input-drivers", [](SampleImage& i) { remove_module(i, "hid/hid-hyperv.ko"); }},
    {"accelerated-network-drivers", [](SampleImage& i) { remove_module(i, "net/mana.ko"); }},
    {"generic-initramfs",
     [](SampleImage& i) { i.root.file("/etc/dracut.conf.d/90.conf", "hostonly=\"yes\"\n"); }},
    {"dracut-keeps-drivers",
     [](SampleImage& i) { i.edit("/etc/dracut.conf.d/50-azure.conf", "hv_storvsc", ""); }},
    {"vfat-allowed",
     [](SampleImage& i) { i.root.file("/etc/modprobe.d/cis.conf", "install vfat /bin/false\n"); }},
    {"udf-allowed",
     [](SampleImage& i) {
       i.root.file("/etc/modprobe.d/cis.conf", "blacklist udf\n");
       i.remove_package("cloud-init");
       i.add_package("cloud-init", "20.4");
     }},
    {"udf-custom-data",
     [](SampleImage& i) { i.root.file("/etc/modprobe.d/cis.conf", "install udf /bin/true\n"); }},
    {"watchdog-and-cifs", [](SampleImage& i) { remove_module(i, "fs/cifs.ko"); }},
    {"modules-match-kernel",
     [](SampleImage& i) { i.remove(std::string(kModules) + "/modules.dep"); }},
    {"kernel-bootable",
     [](SampleImage& i) {
       i.edit(kGrub, "linux /boot/vmlinuz-6.18.31-1.6.azl4.x86_64", "linux /boot/vmlinuz");
       i.root.file("/boot/vmlinuz", "another kernel");
     }},
};

}  // namespace

std::span<const Mutation> mutations_of_disk() {
  return kMutations;
}

}  // namespace composer::lint
