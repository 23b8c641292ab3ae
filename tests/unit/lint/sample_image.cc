#include "tests/unit/lint/sample_image.h"

#include <algorithm>
#include <fmt/format.h>
#include <stdexcept>

namespace composer::lint {
namespace {

constexpr const char* kKernel = "6.18.31-1.6.azl4.x86_64";
constexpr const char* kRootUuid = "841d43b2-0e05-8b30-bf25-9716b73d5f30";
constexpr const char* kEspGuid = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B";
constexpr const char* kRootGuid = "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709";
constexpr const char* kBiosBootGuid = "21686148-6449-6E6F-744E-656564454649";
constexpr const char* kShimSigner = "Microsoft Corporation UEFI CA 2011";
const std::string kCommandLine =
    std::string("root=UUID=") + kRootUuid +
    " console=ttyS0 earlyprintk=ttyS0 rootdelay=300 net.ifnames=0 rd.shell=0";

void put_big(std::string& bytes, std::size_t at, std::uint64_t value, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) {
    bytes[at + size - 1 - i] = static_cast<char>(value >> (8 * i) & 0xff);
  }
}

void put_little(std::string& bytes, std::size_t at, std::uint64_t value, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) {
    bytes[at + i] = static_cast<char>(value >> (8 * i) & 0xff);
  }
}

std::string elf(char bits) {
  std::string head(64, '\0');
  head.replace(0, 4,
               "\x7f"
               "ELF");
  head[4] = bits;
  head[18] = 62;
  return head;
}

std::string initramfs() {
  return cpio_archive({"init", "usr/lib/modules/x/kernel/drivers/hv/hv_vmbus.ko.xz",
                       "usr/lib/modules/x/kernel/drivers/scsi/hv_storvsc.ko.xz",
                       "usr/lib/modules/x/kernel/drivers/net/hyperv/hv_netvsc.ko.xz",
                       "usr/lib/modules/x/kernel/drivers/nvme/host/nvme.ko.xz"});
}

void add_base(SampleImage& image) {
  MemoryRoot& root = image.root;
  root.file("/usr/bin/bash", elf(2), {0755, 0, 0})
      .file("/usr/bin/rpm", elf(2), {0755, 0, 0})
      .file("/etc/passwd",
            "root:x:0:0:Super User:/root:/bin/bash\nbin:x:1:1:bin:/bin:/usr/sbin/nologin\n")
      .file("/etc/shadow", "root:!:20000:0:99999:7:::\nbin:*:20000:0:99999:7:::\n", {0600, 0, 0})
      .file("/etc/gshadow", "root:::\n", {0600, 0, 0})
      .file("/etc/machine-id", "uninitialized\n", {0444, 0, 0})
      .file("/etc/yum.repos.d/azurelinux.repo",
            "[azurelinux-base]\nbaseurl=https://packages.microsoft.com/azurelinux/4/prod/base\n"
            "enabled=1\ngpgcheck=1\ngpgkey=file:///etc/pki/rpm-gpg/KEY-$releasever-$basearch\n"
            "[azurelinux-cloud-native]\nbaseurl=https://packages.microsoft.com/cn\ngpgcheck=1\n"
            "gpgkey=file:///etc/pki/rpm-gpg/KEY-$releasever-$basearch\n"
            "[azurelinux-microsoft]\nbaseurl=https://packages.microsoft.com/ms\ngpgcheck=1\n"
            "gpgkey=file:///etc/pki/rpm-gpg/KEY-$releasever-$basearch\n"
            "[azurelinux-preview-base]\nenabled=0\nbaseurl=https://x/preview/\n")
      .file("/etc/pki/rpm-gpg/KEY-4.0-x86_64", "a key")
      .directory("/home")
      .directory("/root", {0700, 0, 0})
      .directory("/tmp", {01777, 0, 0})
      .directory("/var/tmp", {01777, 0, 0})
      .directory("/var/cache/dnf")
      .directory("/var/log/journal");
  image.subject.packages.emplace();
  image.add_package("azurelinux-release-common", "4.0");
  image.add_package("python3", "3.14.3");
  image.add_package("openssl-libs", "3.5.4");
}

void add_services(MemoryRoot& root) {
  for (const char* unit : {"waagent", "cloud-init-local", "chronyd", "sshd", "systemd-networkd"}) {
    root.file(fmt::format("/usr/lib/systemd/system/{}.service", unit),
              "[Install]\nWantedBy=multi-user.target\n");
    root.link(fmt::format("/etc/systemd/system/multi-user.target.wants/{}.service", unit),
              fmt::format("/usr/lib/systemd/system/{}.service", unit));
  }
  root.file("/usr/lib/systemd/system/systemd-timesyncd.service",
            "[Install]\nWantedBy=sysinit.target\n")
      .file("/usr/lib/systemd/system-preset/90-default.preset",
            "disable systemd-timesyncd.service\nenable sshd.service\n")
      .file("/usr/lib/systemd/system-preset/99-default.preset", "disable *\n")
      .file("/etc/waagent.conf",
            "# the agent\nProvisioning.Agent=cloud-init\nResourceDisk.Format=n\n"
            "ResourceDisk.EnableSwap=n\n")
      .file("/etc/cloud/cloud.cfg",
            "cloud_init_modules:\n  - seed_random\n  - [disk_setup, always]\n  - mounts\n")
      .file("/etc/cloud/cloud.cfg.d/90-azure-datasource.cfg",
            "datasource_list: [ Azure, NoCloud, None ]\n")
      .file("/usr/sbin/hypervkvpd", elf(2), {0755, 0, 0})
      .file("/etc/chrony.conf", "confdir /etc/chrony.d\nmakestep 1.0 -1\n")
      .file("/etc/chrony.d/azure.conf", "refclock PHC /dev/ptp_hyperv poll 3 dpoll -2 offset 0\n")
      .file("/usr/lib/udev/rules.d/50-udev-default.rules",
            "SUBSYSTEM==\"ptp\", ATTR{clock_name}==\"hyperv\", SYMLINK+=\"ptp_hyperv\"\n")
      .file("/usr/lib/udev/rules.d/80-azure-disk.rules", "SUBSYSTEM==\"block\"\n")
      .file("/usr/lib/udev/rules.d/10-azure-unmanaged-sriov.rules",
            "ENV{ID_NET_DRIVER}==\"mlx5_core\", ENV{ID_NET_MANAGED_BY}=\"unmanaged\"\n")
      .file("/etc/ssh/sshd_config", "Include /etc/ssh/sshd_config.d/*.conf\nUsePAM yes\n")
      .file("/etc/ssh/sshd_config.d/50-azure.conf",
            "PermitRootLogin no\nClientAliveInterval 120\nMatch User x\nPermitRootLogin yes\n")
      .file("/etc/sudoers", "Defaults env_reset\n%wheel ALL=(ALL:ALL) ALL\n", {0440, 0, 0})
      .file("/etc/login.defs", "UMASK\t\t027\n")
      .directory("/var/lib/waagent")
      .directory("/var/lib/cloud");
}

void add_kernel(SampleImage& image, bool unified) {
  MemoryRoot& root = image.root;
  const std::string modules = fmt::format("/usr/lib/modules/{}", kKernel);
  std::string dependencies;
  for (const char* name :
       {"hv/hv_vmbus", "scsi/hv_storvsc", "net/hv_netvsc", "hv/hv_utils", "hv/hv_balloon",
        "hid/hid-hyperv", "input/hyperv-keyboard", "pci/pci-hyperv", "net/mlx4_core",
        "net/mlx5_core", "net/mana", "nvme/nvme", "fs/cifs", "fs/udf", "fs/vfat"}) {
    const std::string path = fmt::format("kernel/{}.ko", name);
    root.file(fmt::format("{}/{}", modules, path), "code~Module signature appended~\n");
    dependencies += path + ":\n";
  }
  root.file(modules + "/modules.dep", dependencies)
      .file(modules + "/modules.builtin", "kernel/fs/ext4/ext4.ko\n")
      .file(modules + "/config",
            "CONFIG_MODULES=y\nCONFIG_WATCHDOG=y\nCONFIG_AMD_MEM_ENCRYPT=y\nCONFIG_INTEL_TDX_GUEST="
            "y\n")
      .file("/usr/bin/dracut", "#!/bin/bash\n", {0755, 0, 0})
      .file("/usr/lib/dracut/dracut.conf.d/10-generic.conf", "hostonly=\"no\"\n")
      .file("/etc/dracut.conf.d/50-azure.conf",
            "add_drivers+=\" hv_utils hv_vmbus hv_storvsc hv_netvsc hv_sock hv_balloon \"\n");
  if (unified) {
    root.file(fmt::format("/boot/efi/EFI/Linux/azurelinux-{}.efi", kKernel),
              efi_program({{".linux", "kernel"},
                           {".initrd", initramfs()},
                           {".cmdline", kCommandLine},
                           {".uname", kKernel}},
                          "Azure Linux"));
    root.file(modules + "/vmlinuz", "kernel");
    return;
  }
  root.file(fmt::format("/boot/vmlinuz-{}", kKernel), efi_program({{".text", "x"}}, "Azure Linux"));
  root.file(fmt::format("/boot/initramfs-{}.img", kKernel), initramfs());
  root.file("/boot/grub2/grub.cfg",
            fmt::format("search --fs-uuid --set=root {0}\nmenuentry 'Azure Linux' {{\n"
                        "  linux /boot/vmlinuz-{1} {2}\n  initrd /boot/initramfs-{1}.img\n}}\n",
                        kRootUuid, kKernel, kCommandLine),
            {0600, 0, 0});
  root.file("/boot/grub2/grubenv", "# GRUB Environment Block\n", {0600, 0, 0});
}

void add_disk(SampleImage& image, bool uefi) {
  Subject& subject = image.subject;
  const Bytes size = GiB(30);
  subject.file = ImageFile{FileFormat::vhd_fixed, size + Bytes{512}, size, vhd_footer(size)};
  DiskTable disk;
  disk.size = size;
  disk.boot_sector = std::string(510, '\0') + "\x55\xaa";
  std::string fstab = fmt::format("UUID={} / ext4 defaults 0 1\n", kRootUuid);
  if (uefi) {
    disk.partitions.push_back(
        {1, kEspGuid, "9a2f6567-611f-8e5e-bde2-b4965cff5518", "esp", MiB(1), MiB(512)});
    subject.filesystems.push_back({1, "vfat", "B16C-B7CD", "ESP"});
    subject.esp = "/boot/efi";
    fstab +=
        "UUID=B16C-B7CD /boot/efi vfat "
        "defaults,umask=0077,noexec,nodev,nosuid,nosymfollow 0 0\n";
    image.root.file("/boot/efi/EFI/BOOT/BOOTX64.EFI",
                    efi_program({{".sbat", "sbat,1\n"}}, kShimSigner));
    image.root.file("/boot/efi/EFI/azurelinux/grubx64.efi",
                    efi_program({{".sbat", "sbat,1\n"}}, "Azure Linux"));
  } else {
    disk.boot_sector[0] = '\xeb';
    disk.partitions.push_back(
        {1, kBiosBootGuid, "9a2f6567-611f-8e5e-bde2-b4965cff5519", "bios", MiB(1), MiB(1)});
  }
  disk.partitions.push_back(
      {2, kRootGuid, "e317673a-120e-82fe-9034-0dfaafdf9a75", "root", MiB(513), GiB(29)});
  subject.filesystems.push_back({2, "ext4", kRootUuid, "azurelinux"});
  subject.disk = disk;
  image.root.file("/etc/fstab", fstab);
}

void add_selinux(MemoryRoot& root) {
  root.file("/etc/selinux/config", "SELINUX=enforcing\nSELINUXTYPE=targeted\n")
      .file("/etc/selinux/targeted/policy/policy.34", "policy")
      .file("/etc/selinux/targeted/contexts/files/file_contexts", "/.* x\n");
}

void label_below(MemoryRoot& root, const std::string& folder) {
  for (const std::string& name : root.list(folder.empty() ? "/" : folder)) {
    const std::string path = folder + '/' + name;
    root.attribute(path, "security.selinux", "system_u:object_r:etc_t:s0");
    if (root.link_status(path)->kind == FileKind::directory) label_below(root, path);
  }
}

}  // namespace

void SampleImage::label() {
  label_below(root, {});
}

void SampleImage::add_package(const std::string& name, const std::string& version) {
  subject.packages->push_back({name, version, "1"});
}

void SampleImage::remove_package(const std::string& name) {
  if (std::erase_if(*subject.packages, [&](const auto& each) { return each.name == name; }) == 0) {
    throw std::logic_error("the sample has no package " + name);
  }
}

void SampleImage::edit(const std::string& path, const std::string& from, const std::string& to) {
  std::string text = root.read(path).value();
  const std::size_t at = text.find(from);
  if (at == std::string::npos) throw std::logic_error(path + " has no '" + from + "'");
  const auto status = root.status(path).value();
  root.write(path, text.replace(at, from.size(), to), {status.mode, status.uid, status.gid});
}

void SampleImage::remove(const std::string& path) {
  if (!root.link_status(path)) throw std::logic_error("the sample has no " + path);
  for (const std::string& name : root.list(path)) remove(path + '/' + name);
  root.remove(path);
}

SampleImage good_image(LintProfile profile) {
  SampleImage image;
  image.subject.name = fmt::format("{}.vhd", composer::to_text(profile));
  add_base(image);
  std::string variant = "cloud";
  if (profile == LintProfile::wsl || profile == LintProfile::container) {
    variant = profile == LintProfile::wsl ? "wsl" : "container";
    image.subject.file = ImageFile{FileFormat::archive, MiB(100), {}, {}};
    image.subject.disk_problem = "an archive has no disk";
  } else {
    image.add_package("WALinuxAgent", "2.12.0.2");
    image.add_package("cloud-init", "25.1.4");
    image.add_package("azure-vm-utils", "0.7.0");
    image.add_package("tpm2-tools", "5.7");
    image.add_package("omi", "1.9.1");
    add_services(image.root);
    add_kernel(image, profile == LintProfile::confidential);
    add_disk(image, profile != LintProfile::azure_gen1);
    add_selinux(image.root);
  }
  image.root.file("/etc/os-release",
                  fmt::format("NAME=\"Azure Linux\"\nID=azurelinux\nVERSION_ID=\"4.0\"\n"
                              "VARIANT_ID={}\n",
                              variant));
  return image;
}

Report judged(SampleImage& image, LintProfile profile, const std::vector<Ignored>& ignored) {
  const ClaimingRoot root(image.root, image.claimed_sizes);
  image.subject.root = &root;
  Report report = judge(image.subject, {profile}, ignored);
  image.subject.root = nullptr;
  return report;
}

std::vector<std::string> failing(const Report& report) {
  std::vector<std::string> ids;
  for (const Result& result : report.results) {
    if (result.counts()) ids.emplace_back(result.rule->id);
  }
  return ids;
}

std::string cpio_archive(const std::vector<std::string>& names) {
  std::string archive;
  const auto add = [&](const std::string& name, const std::string& content) {
    archive += fmt::format(
        "070701{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}", 1,
        0100644, 0, 0, 1, 0, content.size(), 0, 0, 0, 0, name.size() + 1, 0);
    archive += name + '\0';
    while (archive.size() % 4 != 0) archive += '\0';
    archive += content;
    while (archive.size() % 4 != 0) archive += '\0';
  };
  for (const std::string& name : names) add(name, "content of it");
  add("TRAILER!!!", "");
  return archive;
}

std::string efi_program(const std::vector<SampleSection>& sections, const std::string& signer) {
  constexpr std::size_t kPe = 64, kOptional = 240;
  const std::size_t table = kPe + 24 + kOptional;
  std::string bytes(table + sections.size() * 40, '\0');
  bytes.replace(0, 2, "MZ");
  put_little(bytes, 0x3c, kPe, 4);
  bytes.replace(kPe, 2, "PE");
  put_little(bytes, kPe + 4, 0x8664, 2);
  put_little(bytes, kPe + 6, sections.size(), 2);
  put_little(bytes, kPe + 20, kOptional, 2);
  put_little(bytes, kPe + 24, 0x20b, 2);
  put_little(bytes, kPe + 24 + 108, 16, 4);
  for (std::size_t i = 0; i < sections.size(); ++i) {
    const std::size_t at = table + i * 40;
    bytes.replace(at, sections[i].name.size(), sections[i].name);
    put_little(bytes, at + 8, sections[i].content.size(), 4);
    put_little(bytes, at + 16, sections[i].content.size(), 4);
    put_little(bytes, at + 20, bytes.size(), 4);
    bytes += sections[i].content;
  }
  if (!signer.empty()) {
    put_little(bytes, kPe + 24 + 112 + 32, bytes.size(), 4);
    put_little(bytes, kPe + 24 + 112 + 36, signer.size(), 4);
    bytes += signer;
  }
  return bytes;
}

void seal(std::string& footer) {
  put_big(footer, 64, 0, 4);
  std::uint32_t sum = 0;
  for (const char c : footer) sum += static_cast<unsigned char>(c);
  put_big(footer, 64, ~sum, 4);
}

std::string vhd_footer(Bytes size) {
  std::string footer(512, '\0');
  footer.replace(0, 8, "conectix");
  put_big(footer, 8, 2, 4);
  put_big(footer, 12, 0x00010000, 4);
  put_big(footer, 16, ~std::uint64_t{0}, 8);
  footer.replace(28, 4, "qem2");
  put_big(footer, 40, size.count, 8);
  put_big(footer, 48, size.count, 8);
  put_big(footer, 60, 2, 4);
  seal(footer);
  return footer;
}

}  // namespace composer::lint
