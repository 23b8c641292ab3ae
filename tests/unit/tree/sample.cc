#include "sample.h"

#include <fmt/format.h>

namespace composer::test {
namespace {

void put(std::string& bytes, std::size_t at, std::uint64_t value, std::size_t width) {
  if (bytes.size() < at + width) bytes.resize(at + width, '\0');
  for (std::size_t i = 0; i < width; i++) bytes[at + i] = static_cast<char>(value >> (8 * i));
}

// An ELF64 file with two sections: .modname, and the names of the two.
std::string elf_module(const std::string& name) {
  std::string elf(
      "\x7f"
      "ELF\x02\x01\x01",
      7);
  const std::string names("\0.modname\0.shstrtab\0", 20);
  elf.resize(64, '\0');
  const std::size_t name_at = elf.size();
  elf += name + '\0';
  const std::size_t names_at = elf.size();
  elf += names;
  const std::size_t table = elf.size();
  put(elf, 0x28, table, 8);
  put(elf, 0x3a, 64, 2);
  put(elf, 0x3c, 3, 2);
  put(elf, 0x3e, 2, 2);
  elf.resize(table + 3 * 64, '\0');
  put(elf, table + 64, 1, 4);
  put(elf, table + 64 + 0x18, name_at, 8);
  put(elf, table + 64 + 0x20, name.size() + 1, 8);
  put(elf, table + 128, 10, 4);
  put(elf, table + 128 + 0x18, names_at, 8);
  put(elf, table + 128 + 0x20, names.size(), 8);
  elf.resize((elf.size() + 3) / 4 * 4, '\0');
  return elf;
}

std::string object(std::uint32_t type, const std::string& content) {
  std::string bytes;
  put(bytes, 0, type, 4);
  put(bytes, 4, content.size() + 8, 4);
  return bytes + content;
}

RootCommandResult systemctl(MemoryRoot& root, const RootCommand& command) {
  const std::string& verb = command.arguments.at(3);
  RootCommandResult result;
  for (std::size_t i = 5; i < command.arguments.size(); i++) {
    const std::string& unit = command.arguments[i];
    const std::string link = "/etc/systemd/system/multi-user.target.wants/" + unit;
    const std::string text = root.read("/usr/lib/systemd/system/" + unit).value_or("");
    const bool installable = text.find("[Install]") != std::string::npos;
    if (verb == "enable" && installable) {
      root.make_directories("/etc/systemd/system/multi-user.target.wants", {0755, 0, 0});
      root.make_link("/usr/lib/systemd/system/" + unit, link);
    } else if (verb == "disable") {
      root.remove(link);
    } else if (verb == "is-enabled") {
      result.standard_output += !installable             ? "static\n"
                                : root.link_status(link) ? "enabled\n"
                                                         : "disabled\n";
    }
  }
  return result;
}

RootCommandResult run(MemoryRoot& root, const RootCommand& command) {
  const std::string& program = command.arguments.at(0);
  if (program == "systemctl") return systemctl(root, command);
  if (program == "/usr/sbin/visudo") return {};
  if (program == "grub2-mkimage") {
    for (const std::string& argument : command.arguments) {
      if (argument.starts_with("--output=")) root.write(argument.substr(9), "core image", {});
    }
    return {};
  }
  if (program == "dracut") {
    root.write(command.arguments.back(), cpio({{"init", "#!/bin/sh\n"}}), {0600, 0, 0});
    return {};
  }
  if (program == "depmod") {
    root.write("/usr/lib/modules/" + command.arguments.back() + "/modules.dep", "", {});
    return {};
  }
  if (program == "/usr/bin/update-ca-trust") return {};
  return {127, "", program + ": not found\n"};
}

}  // namespace

PlannedPartition partition(PartitionType type, FilesystemType filesystem, std::string uuid,
                           std::string mount, std::vector<std::string> options) {
  PlannedPartition made;
  made.type = type;
  made.filesystem = PlannedFilesystem{.type = filesystem,
                                      .label = "",
                                      .uuid = std::move(uuid),
                                      .mount = std::move(mount),
                                      .mount_options = std::move(options),
                                      .mkfs_options = {}};
  return made;
}

Plan sample_plan() {
  Plan plan;
  plan.name = "sample";
  plan.identity_seed = "sample/4.0/x86_64";
  plan.source_date_epoch = 1750000000;
  PlannedPartition bios_boot;
  bios_boot.type = PartitionType::bios_boot;
  plan.disk.partitions = {
      bios_boot,
      partition(PartitionType::esp, FilesystemType::vfat, "ABCD-1234", "/boot/efi",
                {"umask=0077", "noexec", "nodev", "nosuid", "nosymfollow"}),
      partition(PartitionType::root, FilesystemType::ext4, "11111111-2222-8333-8444-555555555555",
                "/")};
  plan.boot = {.firmware = Firmware::both,
               .loader = Loader::grub,
               .kernel_command_line = "console=ttyS0 earlyprintk=ttyS0",
               .root_argument = "root=UUID=11111111-2222-8333-8444-555555555555"};
  return plan;
}

Plan full_plan() {
  Plan plan = sample_plan();
  plan.packages.emplace_back().name = "systemd-udev";
  plan.disk.partitions.back().number = 3;
  plan.disk.partitions.back().label = "root";
  plan.disk.partitions.back().size = GiB(4);
  plan.disk.partitions.back().type_id = "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709";
  plan.disk.partitions.back().grow = true;
  plan.system = {.hostname = "vm1",
                 .locale = "C.UTF-8",
                 .keymap = "us",
                 .timezone = "Europe/Berlin",
                 .ntp_servers = {"time.example.org"},
                 .ntp_pools = {"pool.example.org"},
                 .groups = {{.name = "ops", .gid = 2000}, {.name = "audit", .gid = {}}},
                 .users = {{.name = "ada",
                            .uid = 2001,
                            .group = "ops",
                            .groups = {"wheel", "audit"},
                            .shell = "/bin/bash",
                            .home = "/srv/ada",
                            .comment = "Ada Lovelace",
                            .password_hash = "$6$salt$hash",
                            .expires_day = 21184,
                            .ssh_keys = {"ssh-ed25519 AAAAC3Nza ada@example.com"}},
                           {.name = "bob",
                            .uid = {},
                            .group = "",
                            .groups = {},
                            .shell = "",
                            .home = "",
                            .comment = "",
                            .password_hash = "",
                            .expires_day = {},
                            .ssh_keys = {}}},
                 .sudoers = {{"ops", {"%ops ALL=(ALL) NOPASSWD: ALL"}}},
                 .sysctl = {{"net.ipv4.ip_forward", "1"}},
                 .modules_load = {"hv-storvsc"},
                 .modules_deny = {"dccp"},
                 .module_options = {{"loop", "max_loop=64"}},
                 .tmpfiles = {"d /run/ops 0750 root ops -"},
                 .units = {{"report.service",
                            "[Service]\nExecStart=/bin/true\n",
                            {{"10-nice.conf", "[Service]\nNice=5\n"}}}},
                 .services_enable = {"sshd"},
                 .services_disable = {"crond.service"},
                 .services_mask = {"tmp.mount"},
                 .service_presets = {"disable cups.*"},
                 .default_target = "multi-user.target",
                 .directories = {{"/srv/www", 0750, "ada", "ops"}, {"/srv/www/css", 0, "", ""}},
                 .files = {{.path = "/etc/issue", .content = "hello\n"},
                           {.path = "/etc/ops/secret",
                            .content = "x",
                            .mode = 0600,
                            .owner = "ada",
                            .group = "ops"}},
                 .firewall = PlannedFirewall{FirewallBackend::nftables, {"22/tcp", "53/udp"}},
                 .network = {{.name = "10-eth0",
                              .match = {"eth0", "en*"},
                              .dhcp = false,
                              .addresses = {"192.0.2.10/24"},
                              .gateway = "192.0.2.1",
                              .dns = {"192.0.2.53"},
                              .search = {"example.org"}}},
                 .motd = "This machine is watched.\nAsk ops.\n"};
  plan.repositories = {
      {.id = "base",
       .baseurls = {"https://example.org/base"},
       .repomd_sha256 = "",
       .keys = {{"ABCD", "base.asc", "key of base\n"}},
       .in_image = true},
      {.id = "build-only", .baseurls = {"file:///srv/build"}, .repomd_sha256 = "", .keys = {}}};
  plan.installation.documentation = false;
  plan.installation.locales = {{"en_US"}};
  plan.system.ca_certificates = {{"lab", "-----BEGIN CERTIFICATE-----\n"}};
  plan.system.selinux = {SelinuxMode::permissive, "targeted"};
  plan.system.fips = true;
  return plan;
}

MemoryRoot sample_root() {
  MemoryRoot root;
  root.file("/etc/passwd",
            "root:x:0:0:Super User:/root:/bin/bash\n"
            "nobody:x:65534:65534:Kernel Overflow User:/:/usr/sbin/nologin\n")
      .file("/etc/group", "root:x:0:\nwheel:x:10:\nnobody:x:65534:\n")
      .file("/etc/shadow", "root:!*::0:99999:7:::\nnobody:!*:::::::\n", {0, 0, 0})
      .file("/etc/gshadow", "root:::\nwheel:::\nnobody:::\n", {0, 0, 0})
      .file("/etc/login.defs", "# comment\nUID_MIN\t\t 1000\nGID_MIN 1000\nHOME_MODE\t0700\n")
      .file("/etc/skel/.bashrc", "# bashrc\n")
      .file("/usr/bin/systemd-repart", "", {0755, 0, 0})
      .file("/usr/lib/systemd/systemd-growfs", "", {0755, 0, 0})
      .file("/usr/bin/bash", "", {0755, 0, 0})
      .link("/bin", "usr/bin")
      .file("/etc/os-release", "NAME=\"Azure Linux\"\nPRETTY_NAME=\"Azure Linux 4.0\"\n")
      .file("/usr/lib/kbd/keymaps/xkb/us.map.gz", "keymap")
      .file("/usr/lib/kbd/keymaps/legacy/i386/qwertz/de.map.gz", "keymap")
      .file("/usr/share/zoneinfo/Europe/Berlin", "TZif")
      .file("/usr/share/zoneinfo/UTC", "TZif")
      .file("/usr/bin/systemctl", "", {0755, 0, 0})
      .file("/usr/lib/systemd/system/sshd.service", "[Install]\nWantedBy=multi-user.target\n")
      .file("/usr/lib/systemd/system/crond.service", "[Install]\nWantedBy=multi-user.target\n")
      .file("/usr/lib/systemd/system/getty@.service", "[Install]\nWantedBy=getty.target\n")
      .file("/usr/lib/systemd/system/multi-user.target", "[Unit]\n")
      .file("/usr/lib/systemd/system/nftables.service",
            "[Service]\nExecStart=/sbin/nft -f /etc/sysconfig/nftables.conf\n")
      .file("/usr/lib/systemd/systemd-networkd", "", {0755, 0, 0})
      .file("/etc/chrony.conf",
            "# Use public servers.\npool pool.ntp.org iburst\n\tServer a.example.org\n"
            "refclock PHC /dev/ptp_hyperv poll 3\nsourcedir /run/chrony-dhcp\n",
            {0640, 0, 0})
      .file("/usr/sbin/visudo", "", {0755, 0, 0})
      .file("/usr/lib/systemd/system/tmp.mount", "[Mount]\n")
      .file("/usr/lib/systemd/system/static.service", "[Service]\n")
      .file("/usr/lib/systemd/system/systemd-firstboot.service", "[Service]\n")
      .file("/usr/lib/modules/6.12.9-1.azl4/vmlinuz", "kernel")
      .file("/usr/lib/modules/6.12.9-1.azl4/config", "CONFIG_RD_GZIP=y\nCONFIG_RD_ZSTD=y\n")
      .file("/usr/lib/modules/6.12.9-1.azl4/System.map", "symbols")
      .file("/usr/lib/modules/6.12.9-1.azl4/modules.dep",
            "kernel/drivers/hv/hv_vmbus.ko.xz:\n"
            "kernel/drivers/scsi/hv_storvsc.ko.xz: kernel/drivers/hv/hv_vmbus.ko.xz\n")
      .file("/usr/lib/modules/6.12.9-1.azl4/modules.builtin", "kernel/fs/ext4/ext4.ko\n")
      .file("/boot/efi/EFI/azurelinux/grubx64.efi", grub_efi({"ext2", "normal"}, "/EFI/azurelinux"))
      .file("/boot/efi/EFI/azurelinux/shimx64.efi", "shim")
      .file("/boot/efi/EFI/azurelinux/mmx64.efi", "mok manager")
      .file("/usr/lib/grub/i386-pc/boot.img", "boot image")
      .file("/usr/lib/grub/i386-pc/normal.mod", "normal")
      .file("/usr/lib/grub/i386-pc/command.lst", "list")
      .file("/usr/lib/grub/i386-pc/kernel.img", "kernel.img")
      .file("/usr/bin/grub2-mkimage", "", {0755, 0, 0})
      .file("/usr/bin/update-ca-trust", "", {0755, 0, 0})
      .file("/usr/bin/dracut", "", {0755, 0, 0});
  root.on_run = run;
  return root;
}

std::string grub_efi(const std::vector<std::string>& modules, std::string_view prefix) {
  std::string objects;
  for (const std::string& name : modules) objects += object(0, elf_module(name));
  objects += object(3, std::string(prefix) + '\0');
  std::string section;
  put(section, 0, 0x676d696d, 4);
  put(section, 8, 24, 8);
  put(section, 16, 24 + objects.size(), 8);
  section += objects;

  std::string image = "MZ";
  put(image, 0x3c, 0x80, 4);
  image.resize(0x80, '\0');
  image += std::string("PE\0\0", 4);
  put(image, 0x80 + 6, 1, 2);
  put(image, 0x80 + 20, 0, 2);
  const std::size_t header = 0x80 + 24;
  image.resize(header, '\0');
  image += std::string("mods\0\0\0\0", 8);
  put(image, header + 16, section.size(), 4);
  put(image, header + 20, header + 40, 4);
  image.resize(header + 40, '\0');
  return image + section;
}

std::string cpio(const std::vector<std::pair<std::string, std::string>>& files) {
  std::string archive;
  const auto pad = [&] { archive.resize((archive.size() + 3) / 4 * 4, '\0'); };
  const auto add = [&](const std::string& name, const std::string& content) {
    archive += "070701";
    for (int i = 0; i < 13; i++) {
      archive += fmt::format("{:08X}", i == 6 ? content.size() : i == 11 ? name.size() + 1 : 0);
    }
    archive += name + '\0';
    pad();
    archive += content;
    pad();
  };
  for (const auto& [name, content] : files) add(name, content);
  add("TRAILER!!!", "");
  return archive;
}

const tree::ConfigureStep& step(std::string_view name) {
  for (const auto steps : {tree::configure_steps(), tree::kernel_steps()}) {
    for (const tree::ConfigureStep& candidate : steps) {
      if (candidate.name == name) return candidate;
    }
  }
  FAIL("no configure step '" << name << "'");
  throw Error(ErrorKind::build, "not reached");
}

void apply(std::string_view name, const Plan& plan, Root& root) {
  SilentProgress progress;
  step(name).apply(plan, root, progress);
}

}  // namespace composer::test
