#include "composer/tree/systemd_initramfs.h"

#include <algorithm>
#include <fmt/format.h>
#include <set>

#include "composer/error.h"
#include "composer/tree/module_files.h"
#include "composer/tree/root_files.h"

namespace composer::tree {
namespace {

constexpr std::string_view kUnits = "/usr/lib/systemd/system/";

// Without these no root filesystem is found, mounted and entered.
constexpr std::string_view kNeeded[] = {
    "/usr/lib/systemd/systemd",
    "/usr/lib/systemd/systemd-journald",
    "/usr/lib/systemd/systemd-shutdown",
    "/usr/lib/systemd/systemd-udevd",
    "/usr/lib/systemd/system-generators/systemd-fstab-generator",
    "/usr/lib/systemd/system/initrd.target",
    "/usr/lib/systemd/system/initrd-switch-root.service",
    "/usr/lib/systemd/system/systemd-udevd.service",
    "/usr/lib/udev/rules.d/60-persistent-storage.rules",
    "/usr/lib/udev/rules.d/80-drivers.rules",
    "/usr/lib/udev/rules.d/99-systemd.rules",
    "/usr/bin/systemctl",
    "/usr/bin/udevadm",
    "/usr/bin/mount",
    "/usr/bin/umount",
    "/usr/sbin/modprobe",
};

// Taken where they are. systemd's own helpers; what checks filesystems; what an administrator
// needs at the emergency shell, whose password systemd.setenv=SYSTEMD_SULOGIN_FORCE=1 waives.
constexpr std::string_view kPrograms[] = {
    "/usr/lib/systemd/systemd-executor",
    "/usr/lib/systemd/systemd-cgroups-agent",
    "/usr/lib/systemd/systemd-fsck",
    "/usr/lib/systemd/systemd-hibernate-resume",
    "/usr/lib/systemd/systemd-pcrextend",
    "/usr/lib/systemd/systemd-sulogin-shell",
    "/usr/lib/systemd/systemd-sysroot-fstab-check",
    "/usr/lib/systemd/systemd-volatile-root",
    "/usr/lib/systemd/system-generators/systemd-debug-generator",
    "/usr/lib/systemd/system-generators/systemd-gpt-auto-generator",
    "/usr/lib/systemd/system-generators/systemd-hibernate-resume-generator",
    "/usr/lib/udev/ata_id",
    "/usr/lib/udev/cdrom_id",
    "/usr/lib/udev/scsi_id",
    "/usr/bin/systemd-tmpfiles",
    "/usr/bin/journalctl",
    "/usr/bin/kmod",
    "/usr/sbin/insmod",
    "/usr/sbin/lsmod",
    "/usr/bin/lsmod",
    "/usr/sbin/rmmod",
    "/usr/sbin/fsck",
    "/usr/sbin/blkid",
    "/usr/sbin/sulogin",
    "/usr/sbin/reboot",
    "/usr/sbin/poweroff",
    "/usr/sbin/halt",
    "/usr/bin/sh",
    "/usr/bin/bash",
    "/usr/bin/cat",
    "/usr/bin/dmesg",
    "/usr/bin/ls",
};

// Units beside their drop-ins; links in *.wants between units that are taken are taken too.
constexpr std::string_view kUnitNames[] = {
    "basic.target",
    "ctrl-alt-del.target",
    "debug-shell.service",
    "emergency.service",
    "emergency.target",
    "final.target",
    "halt.target",
    "initrd-cleanup.service",
    "initrd-fs.target",
    "initrd-parse-etc.service",
    "initrd-root-device.target",
    "initrd-root-fs.target",
    "initrd-switch-root.service",
    "initrd-switch-root.target",
    "initrd-udevadm-cleanup-db.service",
    "initrd-usr-fs.target",
    "initrd.target",
    "kexec.target",
    "kmod-static-nodes.service",
    "local-fs-pre.target",
    "local-fs.target",
    "modprobe@.service",
    "paths.target",
    "poweroff.target",
    "reboot.target",
    "rescue.service",
    "rescue.target",
    "shutdown.target",
    "slices.target",
    "sockets.target",
    "swap.target",
    "sysinit.target",
    "systemd-fsck-root.service",
    "systemd-fsck@.service",
    "systemd-halt.service",
    "systemd-hibernate-resume.service",
    "systemd-journald-audit.socket",
    "systemd-journald-dev-log.socket",
    "systemd-journald.service",
    "systemd-journald.socket",
    "systemd-kexec.service",
    "systemd-pcrphase-initrd.service",
    "systemd-poweroff.service",
    "systemd-reboot.service",
    "systemd-tmpfiles-setup-dev-early.service",
    "systemd-tmpfiles-setup-dev.service",
    "systemd-udev-settle.service",
    "systemd-udev-trigger.service",
    "systemd-udevd-control.socket",
    "systemd-udevd-kernel.socket",
    "systemd-udevd.service",
    "systemd-volatile-root.service",
    "timers.target",
    "umount.target",
};

// Names of block devices; drivers by what a device says it is; names of network interfaces, since
// their drivers are here.
constexpr std::string_view kFiles[] = {
    "/etc/udev/udev.conf",
    "/usr/lib/tmpfiles.d/static-nodes-permissions.conf",
    "/usr/lib/udev/rules.d/50-udev-default.rules",
    "/usr/lib/udev/rules.d/60-block.rules",
    "/usr/lib/udev/rules.d/60-cdrom_id.rules",
    "/usr/lib/udev/rules.d/60-serial.rules",
    "/usr/lib/udev/rules.d/64-btrfs.rules",
    "/usr/lib/udev/rules.d/75-net-description.rules",
    "/usr/lib/udev/rules.d/80-net-setup-link.rules",
};

struct Folder {
  std::string_view path, ending;
};
constexpr Folder kFolders[] = {
    {"/usr/lib/modprobe.d", ".conf"},
    {"/etc/modprobe.d", ".conf"},
    {"/usr/lib/systemd/network", ".link"},
    {"/etc/systemd/network", ".link"},
};

// Groups that udev's and tmpfiles' rules give devices to.
constexpr std::string_view kGroups[] = {
    "root", "adm",    "audio", "cdrom", "dialout", "disk", "input", "kmem",  "kvm",
    "lp",   "render", "sgx",   "tape",  "tty",     "utmp", "video", "users", "systemd-journal"};

/// Modules beside the drivers: what systemd itself asks for, EFI's variables (gpt-auto),
/// credentials and entropy of QEMU.
constexpr std::string_view kModules[] = {"autofs4", "efivarfs", "qemu_fw_cfg", "virtio_rng"};

/// vTPM: what systemd-pcrextend loads while it runs.
constexpr std::string_view kTpmLibraries[] = {"libtss2-esys.so.0", "libtss2-rc.so.0",
                                              "libtss2-mu.so.0", "libtss2-tcti-device.so.0"};

[[noreturn]] void refuse_without(std::string_view path) {
  throw Error(ErrorKind::build,
              fmt::format("the image has no '{}', which the initramfs needs", path),
              "add 'systemd-udev', 'kmod' and 'util-linux' to packages.install, or write "
              "'initramfs: dracut'");
}

void take_folder(const ReadRoot& root, InitramfsTree& tree, std::string_view folder,
                 std::string_view ending) {
  for (const std::string& name : root.list(folder)) {
    if (name.ends_with(ending)) tree.take(fmt::format("{}/{}", folder, name));
  }
}

void take_units(const ReadRoot& root, InitramfsTree& tree) {
  std::set<std::string, std::less<>> taken;
  for (const std::string_view name : kUnitNames) {
    if (!tree.take(fmt::format("{}{}", kUnits, name))) continue;
    taken.emplace(name);
    take_folder(root, tree, fmt::format("{}{}.d", kUnits, name), ".conf");
  }
  for (const std::string& name : taken) {
    for (const char* kind : {"wants", "requires"}) {
      const std::string folder = fmt::format("{}{}.{}", kUnits, name, kind);
      for (const std::string& other : root.list(folder)) {
        if (taken.contains(other)) tree.add_link("../" + other, folder + "/" + other);
      }
    }
  }
  tree.add_link("initrd.target", fmt::format("{}default.target", kUnits));
}

void take_filesystem_checks(const Plan& plan, InitramfsTree& tree) {
  for (const PlannedPartition& partition : plan.disk.partitions) {
    if (!partition.filesystem || partition.filesystem->mount.empty()) continue;
    tree.take(fmt::format("/usr/sbin/fsck.{}", to_text(partition.filesystem->type)));
  }
}

/// The lines of some groups, without their members.
std::string groups_of(const ReadRoot& root) {
  std::string text;
  const std::string all = root.read("/etc/group").value_or("");
  for (const std::string_view line : lines_of(all)) {
    const std::string_view name = line.substr(0, line.find(':'));
    if (std::find(std::begin(kGroups), std::end(kGroups), name) == std::end(kGroups)) continue;
    text += fmt::format("{}:\n", line.substr(0, line.rfind(':')));
  }
  return text;
}

void add_identity(const ReadRoot& root, InitramfsTree& tree) {
  const auto release = root.read("/etc/os-release");
  if (!release) refuse_without("/etc/os-release");
  tree.add_file("/usr/lib/initrd-release", *release);
  tree.add_link("../usr/lib/initrd-release", "/etc/initrd-release");
  tree.add_link("../usr/lib/initrd-release", "/etc/os-release");
  // Nobody logs in: root has no password that fits.
  tree.add_file("/etc/passwd", "root:!:0:0:root:/root:/usr/bin/sh\n");
  tree.add_file("/etc/group", groups_of(root));
  tree.add_file("/etc/machine-id", "", 0444);
}

std::string modules_of(std::string_view kernel) {
  return fmt::format("/usr/lib/modules/{}", kernel);
}

// What depmod reads beside the modules: depmod.8, depmod.d(5).
constexpr std::string_view kIndexed[] = {"modules.builtin", "modules.builtin.modinfo",
                                         "modules.order"};
constexpr std::string_view kDepmodFolders[] = {"/usr/lib/depmod.d", "/etc/depmod.d"};

}  // namespace

SystemdInitramfs::SystemdInitramfs(const Plan& plan, Root& root, std::string_view kernel,
                                   const std::vector<std::string>& drivers)
    : root_(&root), kernel_(kernel), time_(plan.source_date_epoch), tree_(root) {
  for (const char* folder : {"/dev", "/etc", "/proc", "/run", "/sys", "/sysroot", "/var"}) {
    tree_.add_folder(folder);
  }
  tree_.add_folder("/root", 0700);
  tree_.add_folder("/tmp", 01777);
  for (const char* name : {"/bin", "/sbin", "/lib", "/lib64"}) {
    if (const auto target = root.read_link(name)) tree_.add_link(*target, name);
  }
  for (const std::string_view path : kNeeded) {
    if (!tree_.take(path)) refuse_without(path);
  }
  tree_.add_link("usr/lib/systemd/systemd", "/init");
  for (const std::string_view path : kPrograms) tree_.take(path);
  for (const std::string_view path : kFiles) tree_.take(path);
  for (const Folder& folder : kFolders) take_folder(root, tree_, folder.path, folder.ending);
  take_units(root, tree_);
  take_filesystem_checks(plan, tree_);
  // pthread_exit of glibc loads it.
  tree_.take_library({"libgcc_s.so.1"});
  if (tree_.has("/usr/lib/systemd/systemd-pcrextend")) {
    for (const std::string_view name : kTpmLibraries) tree_.take_library({std::string(name)});
  }
  add_identity(root, tree_);
  take_modules(drivers);
}

std::string SystemdInitramfs::module_text(std::string_view name) const {
  return root_->read(fmt::format("{}/{}", modules_of(kernel_), name)).value_or("");
}

void SystemdInitramfs::take_modules(std::vector<std::string> names) {
  names.insert(names.end(), std::begin(kModules), std::end(kModules));
  modules_ = module_files(names, {module_text("modules.dep"),
                                  module_text("modules.softdep") + module_text("modules.weakdep"),
                                  module_text("modules.alias")});
  tree_.add_folder(modules_of(kernel_));
  for (const std::string& file : modules_) {
    const std::string path = fmt::format("{}/{}", modules_of(kernel_), file);
    if (tree_.take(path)) continue;
    throw Error(ErrorKind::build,
                fmt::format("the kernel's module '{}', which modules.dep names, is missing", path));
  }
}

void SystemdInitramfs::add_to(host::StoreKey& key) const {
  // depmod and its libraries are among the files.
  tree_.add_to(key, modules_of(kernel_));
  key.add("kernel", kernel_);
  key.add("time", fmt::format("{}", time_));
  for (const std::string_view name : kIndexed) key.add(std::string(name), module_text(name));
  for (const std::string_view folder : kDepmodFolders) {
    for (const std::string& name : root_->list(folder)) {
      const std::string path = fmt::format("{}/{}", folder, name);
      const auto status = root_->status(path);
      if (!status || status->kind != FileKind::regular) continue;
      key.add(path, root_->read(path).value_or(""));
    }
  }
}

/// The index is of these modules alone: of others a device would make udev look for a file that is
/// not there.
std::string SystemdInitramfs::archive() {
  const std::string folder = modules_of(kernel_);
  const std::string aside = fmt::format("/var/tmp/initramfs-{}", kernel_);
  const std::string copy = aside + folder;
  root_->make_directories("/var/tmp", {01777, 0, 0});
  root_->make_directories(copy);
  root_->make_link("usr/lib", aside + "/lib");
  for (const std::string& file : modules_) {
    write_with_parents(*root_, fmt::format("{}/{}", copy, file),
                       root_->read(fmt::format("{}/{}", folder, file)).value_or(""));
  }
  for (const std::string_view name : kIndexed) {
    root_->write(fmt::format("{}/{}", copy, name), module_text(name), {});
  }
  RootCommand command;
  command.arguments = {"depmod", "-b", aside, kernel_};
  run_checked(*root_, command);
  for (const std::string& name : root_->list(copy)) {
    if (!name.starts_with("modules.")) continue;
    tree_.add_file(fmt::format("{}/{}", folder, name),
                   root_->read(fmt::format("{}/{}", copy, name)).value_or(""));
  }
  remove_tree(*root_, aside);
  return tree_.archive(time_);
}

}  // namespace composer::tree
