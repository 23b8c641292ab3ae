#include "tests/unit/lint/mutations.h"

// Groups 17 to 34.

namespace composer::lint {
namespace {

constexpr const char* kWants = "/etc/systemd/system/multi-user.target.wants/";
constexpr const char* kAgent = "/etc/waagent.conf";
constexpr const char* kRepository = "/etc/yum.repos.d/azurelinux.repo";
constexpr const char* kFirst = "/boot/efi/EFI/BOOT/BOOTX64.EFI";
constexpr const char* kSecond = "/boot/efi/EFI/azurelinux/grubx64.efi";

/// No link wants it, and no preset either.
void disable(SampleImage& image, const std::string& unit) {
  image.remove(kWants + unit);
  image.root.file("/etc/systemd/system-preset/00.preset", "disable " + unit + "\n");
}

constexpr Mutation kMutations[] = {
    {"azure-agent-installed",
     [](SampleImage& i) {
       i.remove_package("WALinuxAgent");
       i.add_package("WALinuxAgent", "2.2.46");
     }},
    {"azure-agent-enabled", [](SampleImage& i) { disable(i, "waagent.service"); }},
    {"cloud-init-enabled", [](SampleImage& i) { disable(i, "cloud-init-local.service"); }},
    {"provisioning-agent",
     [](SampleImage& i) { i.edit(kAgent, "Agent=cloud-init", "Agent=waagent"); }},
    {"resource-disk-format", [](SampleImage& i) { i.edit(kAgent, "Format=n", "Format=y"); }},
    {"resource-disk-swap", [](SampleImage& i) { i.edit(kAgent, "EnableSwap=n", "EnableSwap=y"); }},
    {"azure-datasource",
     [](SampleImage& i) {
       i.root.file("/etc/cloud/cloud.cfg.d/99.cfg", "datasource_list:\n- NoCloud\n");
     }},
    {"cloud-init-disk-modules",
     [](SampleImage& i) { i.edit("/etc/cloud/cloud.cfg", "disk_setup", "bootcmd"); }},
    {"hyperv-kvp", [](SampleImage& i) { i.remove("/usr/sbin/hypervkvpd"); }},
    {"chrony-enabled", [](SampleImage& i) { disable(i, "chronyd.service"); }},
    {"ptp-clock", [](SampleImage& i) { i.edit("/etc/chrony.d/azure.conf", "ptp_hyperv", "ptp0"); }},
    {"chrony-makestep",
     [](SampleImage& i) { i.edit("/etc/chrony.conf", "makestep 1.0 -1", "makestep 1.0 3"); }},
    {"one-time-service",
     [](SampleImage& i) {
       i.root.link("/etc/systemd/system/sysinit.target.wants/systemd-timesyncd.service", "/x");
     }},
    {"ptp-device-link",
     [](SampleImage& i) { i.remove("/usr/lib/udev/rules.d/50-udev-default.rules"); }},
    {"azure-disk-links",
     [](SampleImage& i) { i.remove("/usr/lib/udev/rules.d/80-azure-disk.rules"); }},
    {"sriov-unmanaged",
     [](SampleImage& i) { i.remove("/usr/lib/udev/rules.d/10-azure-unmanaged-sriov.rules"); }},
    {"no-persistent-net-rules",
     [](SampleImage& i) { i.root.file("/etc/udev/rules.d/70-persistent-net.rules", "SUBSYSTEM"); }},
    {"sshd-enabled", [](SampleImage& i) { disable(i, "sshd.service"); }},
    {"ssh-keep-alive",
     [](SampleImage& i) {
       i.edit("/etc/ssh/sshd_config.d/50-azure.conf", "Interval 120", "Interval 5m");
     }},
    {"ssh-root-login",
     [](SampleImage& i) {
       i.edit("/etc/ssh/sshd_config.d/50-azure.conf", "RootLogin no", "RootLogin yes");
     }},
    {"root-locked", [](SampleImage& i) { i.edit("/etc/shadow", "root:!", "root:$6$salt$hash"); }},
    {"no-passwords", [](SampleImage& i) { i.edit("/etc/shadow", "bin:*", "bin:"); }},
    {"no-authorized-keys",
     [](SampleImage& i) { i.root.file("/home/ops/.ssh/authorized_keys", "ssh-ed25519 AAAA\n"); }},
    {"no-targetpw", [](SampleImage& i) { i.edit("/etc/sudoers", "env_reset", "!x, targetpw"); }},
    {"no-ssh-host-keys",
     [](SampleImage& i) { i.root.file("/etc/ssh/ssh_host_ed25519_key", "secret"); }},
    {"machine-id-unset",
     [](SampleImage& i) { i.root.file("/etc/machine-id", "0123456789abcdef0123456789abcdef\n"); }},
    {"no-resolver-leftovers",
     [](SampleImage& i) { i.root.file("/etc/resolv.conf", "nameserver 10.0.0.1\n"); }},
    {"no-dhcp-leases", [](SampleImage& i) { i.root.file("/var/lib/dhcpcd/eth0.lease", "lease"); }},
    {"no-agent-state", [](SampleImage& i) { i.root.file("/var/lib/waagent/provisioned", "1"); }},
    {"no-cloud-init-state",
     [](SampleImage& i) { i.root.file("/var/lib/cloud/data/instance-id", "x"); }},
    {"no-logs", [](SampleImage& i) { i.root.file("/var/log/waagent.log", "line\n"); }},
    {"no-random-seed", [](SampleImage& i) { i.root.file("/var/lib/systemd/random-seed", "seed"); }},
    {"shell-history-small",
     [](SampleImage& i) { i.root.file("/root/.bash_history", std::string(1025, 'x')); }},
    {"shell-history-empty", [](SampleImage& i) { i.root.file("/root/.bash_history", "ls\n"); }},
    {"no-package-caches", [](SampleImage& i) { i.root.file("/var/cache/dnf/base.solv", "x"); }},
    {"no-temporary-files", [](SampleImage& i) { i.root.file("/var/tmp/x", "x"); }},
    {"hostname-not-fixed", [](SampleImage& i) { i.root.file("/etc/hostname", "web-1\n"); }},
    {"no-swap-partition",
     [](SampleImage& i) {
       i.subject.disk->partitions.push_back(
           {3, "0657FD6D-A4AB-43C4-84E5-0933C84B4F4F", "", "swap", GiB(29), GiB(1)});
     }},
    {"no-fstab-swap",
     [](SampleImage& i) {
       i.root.file("/etc/fstab", i.root.read("/etc/fstab").value() + "/x none swap sw,nofail\n");
     }},
    {"no-swap-file", [](SampleImage& i) { i.root.file("/swapfile", "SWAPSPACE2"); }},
    {"no-zram-section",
     [](SampleImage& i) {
       i.root.file("/usr/lib/systemd/zram-generator.conf", "[zram0]\nzram-size=ram\n");
     }},
    {"umask", [](SampleImage& i) { i.edit("/etc/login.defs", "027", "022"); }},
    {"shadow-private",
     [](SampleImage& i) {
       i.root.set_attributes("/etc/shadow", {0640, 0, 0});
     }},
    {"one-fips-provider",
     [](SampleImage& i) {
       i.add_package("openssl-fips-provider", "3.5");
       i.add_package("SymCrypt-OpenSSL", "1.9");
     }},
    {"python-version",
     [](SampleImage& i) {
       i.remove_package("python3");
       i.add_package("python3", "3.8.20");
     }},
    {"openssl-version",
     [](SampleImage& i) {
       i.remove_package("openssl-libs");
       i.add_package("openssl-libs", "1.1.1w");
     }},
    {"sixty-four-bits",
     [](SampleImage& i) {
       std::string program = i.root.read("/usr/bin/bash").value();
       program[4] = 1;
       i.root.file("/usr/bin/bash", program);
       i.root.file("/etc/pki/rpm-gpg/KEY-4.0-32-bit", "a key");
     }},
    {"omi-version",
     [](SampleImage& i) {
       i.remove_package("omi");
       i.add_package("omi", "1.6.8.0");
     }},
    {"repositories-enabled",
     [](SampleImage& i) {
       i.edit(kRepository, "[azurelinux-microsoft]\n", "[azurelinux-microsoft]\nenabled=0\n");
     }},
    {"repository-signatures",
     [](SampleImage& i) { i.edit(kRepository, "gpgcheck=1", "gpgcheck=0"); }},
    {"repository-addresses",
     [](SampleImage& i) {
       i.edit(kRepository, "https://packages.microsoft.com/cn", "https://a.blob.core.windows.net/");
     }},
    {"release-package", [](SampleImage& i) { i.remove_package("azurelinux-release-common"); }},
    {"forbidden-packages", [](SampleImage& i) { i.add_package("fedora-logos", "42"); }},
    {"os-release",
     [](SampleImage& i) { i.edit("/etc/os-release", "VARIANT_ID=", "VARIANT_ID=another-"); }},
    {"installed-size", [](SampleImage& i) { i.claimed_sizes["/usr/bin/rpm"] = MiB(2049); }},
    {"artefact-size", [](SampleImage& i) { i.subject.file->size = MiB(301); }},
    {"selinux-policy", [](SampleImage& i) { i.remove("/etc/selinux/targeted/policy/policy.34"); }},
    {"selinux-enforcing",
     [](SampleImage& i) { i.edit("/etc/selinux/config", "enforcing", "permissive"); }},
    {"selinux-labels", [](SampleImage& i) { i.root.file("/etc/new", "without a label"); }},
    {"no-autorelabel",
     [](SampleImage& i) {
       i.root.file("/.autorelabel", "");
       i.edit("/etc/fstab", "ext4 defaults", "ext4 ro");
     }},
    {"secure-boot-signatures",
     [](SampleImage& i) {
       i.root.file(kSecond, efi_program({{".sbat", "sbat,1\n"}}, ""));
     }},
    {"secure-boot-sbat",
     [](SampleImage& i) {
       i.root.file(kSecond, efi_program({{".text", "x"}}, "Azure Linux"));
     }},
    {"shim-signed-by-microsoft",
     [](SampleImage& i) {
       i.root.file(kFirst, efi_program({{".sbat", "sbat,1\n"}}, "Somebody else"));
     }},
    {"modules-signed",
     [](SampleImage& i) {
       i.root.file("/usr/lib/modules/6.18.31-1.6.azl4.x86_64/kernel/hv/hv_utils.ko", "code");
     }},
    {"confidential-uki",
     [](SampleImage& i) {
       const std::string kernel = "/boot/vmlinuz-6.18.31-1.6.azl4.x86_64";
       i.root.file(kernel, efi_program({{".text", "x"}}, "Azure Linux"));
       i.root.file("/boot/initramfs.img", cpio_archive({"init"}));
       i.root.file("/boot/efi/loader/entries/a.conf",
                   "linux " + kernel +
                       "\ninitrd /boot/initramfs.img\noptions console=ttyS0 earlyprintk=ttyS0 "
                       "rootdelay=300 net.ifnames=0\n");
     }},
    {"confidential-esp-size",
     [](SampleImage& i) { i.subject.disk->partitions.front().size = MiB(200); }},
    {"confidential-kernel",
     [](SampleImage& i) {
       i.edit("/usr/lib/modules/6.18.31-1.6.azl4.x86_64/config", "CONFIG_INTEL_TDX_GUEST=y", "");
     }},
    {"vtpm-tools", [](SampleImage& i) { i.remove_package("tpm2-tools"); }},
    {"nvme-ready",
     [](SampleImage& i) {
       i.root.file("/boot/initramfs-6.18.31-1.6.azl4.x86_64.img",
                   cpio_archive({"hv_vmbus.ko", "hv_netvsc.ko", "hv_storvsc.ko"}));
     }},
    {"nvme-tools", [](SampleImage& i) { i.remove_package("azure-vm-utils"); }},
};

}  // namespace

std::span<const Mutation> mutations_of_system() {
  return kMutations;
}

}  // namespace composer::lint
