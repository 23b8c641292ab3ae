#include "composer/tree/dracut.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "composer/error.h"
#include "composer/tree/root_files.h"

namespace composer::tree {
namespace {

// Root filesystems of other kinds, graphics and hardware that no virtual machine has. Most are only
// there when their tools are installed, but hwdb always: 13 of 56 MB, for keyboards and the like.
// Left alone although no layout here needs them: crypt and dm, since Azure Disk Encryption comes
// later and makes its own initramfs with this configuration; resume, since Azure hibernates
// machines.
constexpr std::array<std::string_view, 23> kOmitted{
    "biosdevname", "bluetooth", "btrfs", "cifs", "dmraid",   "drm",    "fcoe",      "fcoe-uefi",
    "hwdb",        "i18n",      "iscsi", "lvm",  "lunmask",  "mdraid", "memstrack", "multipath",
    "nbd",         "nfs",       "nvmf",  "pcsc", "plymouth", "rngd",   "virtfs"};

bool uses_btrfs(const Plan& plan) {
  return std::any_of(plan.disk.partitions.begin(), plan.disk.partitions.end(),
                     [](const PlannedPartition& partition) {
                       return partition.filesystem &&
                              partition.filesystem->type == FilesystemType::btrfs;
                     });
}

/// What dracut-install asks for the libraries of each of a hundred programs. glibc's `ldd` is a
/// shell script that starts the loader three times and takes 35 ms for each; this says the same
/// in 8.
std::string list_libraries(const Plan& plan) {
  const std::string_view loader = plan.arch == Architecture::aarch64
                                      ? "/lib/ld-linux-aarch64.so.1"
                                      : "/lib64/ld-linux-x86-64.so.2";
  return fmt::format("#!/bin/sh\n{} --list \"$1\" 2>/dev/null || exec ldd \"$1\"\n", loader);
}

}  // namespace

std::string dracut_configuration(const Plan& plan, const std::vector<std::string>& drivers,
                                 InitramfsCompression compression) {
  std::string omitted;
  for (const std::string_view name : kOmitted) {
    if (name == "btrfs" && uses_btrfs(plan)) continue;
    omitted += fmt::format(" {}", name);
  }
  return fmt::format(
      "# For any machine that may start this image, not for the one that it was made on.\n"
      "hostonly=\"no\"\n"
      "hostonly_cmdline=\"no\"\n"
      "reproducible=\"yes\"\n"
      "early_microcode=\"no\"\n"
      "compress=\"{}\"\n"
      "add_drivers+=\" {} \"\n"
      "{}"
      "omit_dracutmodules+=\"{} \"\n",
      compression == InitramfsCompression::zstd ? "zstd" : "gzip", fmt::join(drivers, " "),
      plan.system.fips ? "add_dracutmodules+=\" fips \"\n" : "", omitted);
}

std::string dracut_archive(const Plan& plan, Root& root, const std::string& kernel,
                           Progress& progress) {
  // /var/tmp and not /boot, which may be a small filesystem of its own; /tmp is private to the
  // command.
  const std::string raw = fmt::format("/var/tmp/initramfs-{}.cpio", kernel);
  root.make_directories("/var/tmp", {01777, 0, 0});
  RootCommand command;
  command.arguments = {
      "dracut",        "--force",        "--quiet", "--no-hostonly", "--no-hostonly-cmdline",
      "--no-compress", "--reproducible", "--kver",  kernel,          raw};
  command.environment = {fmt::format("SOURCE_DATE_EPOCH={}", plan.source_date_epoch),
                         fmt::format("DRACUT_LDD={}", kRootProgram)};
  command.program = list_libraries(plan);
  command.clones = CloneRequests::answered;
  progress.command(command.arguments);
  run_checked(root, command);
  auto archive = root.read(raw);
  if (!archive) {
    throw Error(ErrorKind::build,
                fmt::format("dracut made no initramfs for the kernel '{}'", kernel));
  }
  root.remove(raw);
  return *std::move(archive);
}

}  // namespace composer::tree
