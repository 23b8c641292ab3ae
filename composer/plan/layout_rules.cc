#include "composer/plan/layout_rules.h"

#include <array>
#include <fmt/format.h>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "composer/plan/filesystem_limits.h"

namespace composer {
namespace {

const Located<std::string>* mount_of(const PartitionRequest& partition) {
  return partition.filesystem && partition.filesystem->mount ? &*partition.filesystem->mount
                                                             : nullptr;
}

/// The mount points of a partition's filesystem and of its subvolumes.
std::vector<const Located<std::string>*> mounts_of(const PartitionRequest& partition) {
  std::vector<const Located<std::string>*> mounts;
  if (!partition.filesystem) return mounts;
  if (partition.filesystem->mount) mounts.push_back(&*partition.filesystem->mount);
  for (const SubvolumeRequest& subvolume : partition.filesystem->subvolumes) {
    if (subvolume.mount) mounts.push_back(&*subvolume.mount);
  }
  return mounts;
}

struct Mounted {
  const PartitionRequest* partition = nullptr;
  const Located<std::string>* mount = nullptr;
};

bool has_filesystem(const PartitionRequest& partition, FilesystemType type) {
  return partition.filesystem && *partition.filesystem->type == type;
}

bool lies_below(std::string_view path, std::string_view directory) {
  return path.size() > directory.size() && path.starts_with(directory) &&
         path[directory.size()] == '/';
}

/// Why nothing can be mounted at `path`, or an empty text.
std::string reserved_reason(std::string_view path) {
  // Source: systemd's src/shared/mount-setup.c and file-hierarchy(7).
  for (const std::string_view own : {"/dev", "/proc", "/run", "/sys"}) {
    if (path == own || lies_below(path, own)) {
      return fmt::format("the system mounts a filesystem of its own at '{}'", own);
    }
  }
  for (const std::string_view link : {"/bin", "/lib", "/lib64", "/sbin"}) {
    if (path == link || lies_below(path, link)) {
      return fmt::format("'{}' is a symbolic link into /usr", link);
    }
  }
  // systemd reads its units and fstab from /etc before it mounts anything.
  if (path == "/etc") return "'/etc' says what is mounted, so it belongs to the root filesystem";
  return {};
}

std::string describe(const PartitionRequest& partition) {
  return fmt::format("partition '{}'", *partition.label);
}

/// The mount point that a type says, by the Discoverable Partitions Specification.
std::string_view mount_of_type(PartitionType type) {
  switch (type) {
    case PartitionType::root:
      return "/";
    case PartitionType::home:
      return "/home";
    case PartitionType::srv:
      return "/srv";
    case PartitionType::var:
      return "/var";
    default:
      return {};
  }
}

void check_type(const PartitionRequest& partition, Diagnostics& problems) {
  const PartitionType type = *partition.type;
  const FilesystemRequest* filesystem = partition.filesystem ? &*partition.filesystem : nullptr;
  if (type == PartitionType::bios_boot) {
    if (filesystem) {
      problems.report(filesystem->type.at,
                      fmt::format("{} of type 'bios-boot' cannot have a filesystem: "
                                  "the boot loader's code is written into it",
                                  describe(partition)));
    }
    return;
  }
  if (type == PartitionType::esp && !has_filesystem(partition, FilesystemType::vfat)) {
    problems.report(filesystem ? filesystem->type.at : partition.at,
                    fmt::format("{} of type 'esp' needs the filesystem 'vfat', "
                                "the only one that every firmware reads",
                                describe(partition)));
  }
  const bool is_swap = has_filesystem(partition, FilesystemType::swap);
  if (filesystem && type == PartitionType::swap && !is_swap) {
    problems.report(filesystem->type.at,
                    fmt::format("{} of type 'swap' cannot hold a filesystem of type '{}'",
                                describe(partition), to_text(*filesystem->type)));
  }
  if (type == PartitionType::swap && !filesystem) {
    problems.report(partition.at, fmt::format("{} of type 'swap' has no filesystem 'swap', so "
                                              "nothing could use it",
                                              describe(partition)));
  }
  if (is_swap && type != PartitionType::swap) {
    problems.report(
        partition.type.at,
        fmt::format("{} holds swap but is of type '{}'", describe(partition), to_text(type)),
        "write type: swap");
  }
  const std::string_view expected = mount_of_type(type);
  const Located<std::string>* mount = mount_of(partition);
  if (!expected.empty() && mount && **mount != expected) {
    problems.report(mount->at,
                    fmt::format("{} is of type '{}', which is mounted at '{}', not at '{}'",
                                describe(partition), to_text(type), expected, **mount),
                    "write type: linux-data for any other mount point");
  }
}

void check_label(const PartitionRequest& partition, Diagnostics& problems) {
  const FilesystemRequest& filesystem = *partition.filesystem;
  if (filesystem.label) return;  // Its own label is the blueprint's affair.
  const FilesystemType type = *filesystem.type;
  const std::string& label = *partition.label;
  const std::string hint = "give the filesystem a label of its own";
  if (label.size() > longest_label(type)) {
    problems.report(partition.label.at,
                    fmt::format("'{}' cannot also be the label of the {} filesystem, "
                                "which has at most {} bytes",
                                label, to_text(type), longest_label(type)),
                    hint);
  } else if (!allows_label(type, label)) {
    problems.report(partition.label.at,
                    fmt::format("'{}' cannot also be the label of the {} filesystem, "
                                "which has none of *?.,;:/\\|+=<>[]\"",
                                label, to_text(type)),
                    hint);
  }
}

void check_room(const PartitionRequest& partition, Diagnostics& problems) {
  const FilesystemType type = *partition.filesystem->type;
  if (!partition.size || partition.size->value.count == 0) return;  // plan_disk says so itself.
  if (**partition.size < smallest_filesystem(type)) {
    problems.report(
        partition.size->at,
        fmt::format("{} of {} is too small for {}, which needs at least {}", describe(partition),
                    to_text(**partition.size), to_text(type), to_text(smallest_filesystem(type))));
  }
  const Bytes largest = largest_filesystem(type);
  if (largest.count != 0 && **partition.size > largest) {
    problems.report(
        partition.size->at,
        fmt::format("{} of {} is too large for {}, which stays below {}", describe(partition),
                    to_text(**partition.size), to_text(type), to_text(largest + MiB(1))));
  }
}

/// Reports every partition of `type` after the first; returns the first, or null.
const PartitionRequest* only_one(const DiskRequest& disk, PartitionType type,
                                 Diagnostics& problems) {
  const PartitionRequest* first = nullptr;
  for (const PartitionRequest& partition : disk.partitions) {
    if (*partition.type != type) continue;
    if (!first) {
      first = &partition;
      continue;
    }
    problems.report(partition.type.at,
                    fmt::format("{} is a second one of type '{}', after '{}'", describe(partition),
                                to_text(type), *first->label));
  }
  return first;
}

}  // namespace

void check_mounts(const DiskRequest& disk, Diagnostics& problems) {
  std::map<std::string_view, Mounted> mounted;
  for (const PartitionRequest& partition : disk.partitions) {
    for (const Located<std::string>* mount : mounts_of(partition)) {
      const std::string& path = **mount;
      if (has_filesystem(partition, FilesystemType::swap)) {
        problems.report(mount->at, fmt::format("{} holds swap, which is not mounted anywhere",
                                               describe(partition)));
        continue;
      }
      const auto [first, inserted] = mounted.emplace(path, Mounted{&partition, mount});
      if (!inserted) {
        problems.report(mount->at, fmt::format("'{}' is already the mount point of partition '{}'",
                                               path, *first->second.partition->label));
      }
      if (path == "/" && has_filesystem(partition, FilesystemType::vfat)) {
        problems.report(mount->at,
                        "the root filesystem cannot be vfat, which has neither owners nor "
                        "symbolic links");
      }
      if (const std::string reason = reserved_reason(path); !reason.empty()) {
        problems.report(mount->at, fmt::format("{} cannot be mounted at '{}': {}",
                                               describe(partition), path, reason));
      }
    }
  }
  for (const auto& [path, inner] : mounted) {
    for (const auto& [outer, holder] : mounted) {
      if (outer != "/" && has_filesystem(*holder.partition, FilesystemType::vfat) &&
          lies_below(path, outer)) {
        problems.report(
            inner.mount->at,
            fmt::format("'{}' lies in the vfat filesystem that is mounted at '{}'", path, outer));
      }
    }
  }
  if (!mounted.contains("/")) {
    problems.report(disk.table.at, "no partition is mounted at '/'",
                    "add one, e.g. {label: root, type: root, size: rest, filesystem: ext4, "
                    "mount: /}");
  }
}

void check_filesystems(const DiskRequest& disk, Diagnostics& problems) {
  for (const PartitionRequest& partition : disk.partitions) {
    check_type(partition, problems);
    if (!partition.filesystem) continue;
    check_label(partition, problems);
    check_room(partition, problems);
  }
}

void check_root_flags(const DiskRequest& disk, const BootRequest& boot, Diagnostics& problems) {
  for (const PartitionRequest& partition : disk.partitions) {
    if (!partition.filesystem) continue;
    for (const SubvolumeRequest& subvolume : partition.filesystem->subvolumes) {
      if (!subvolume.mount || **subvolume.mount != "/") continue;
      for (const auto& argument : boot.kernel_arguments) {
        if (!argument->starts_with("rootflags=")) continue;
        problems.report(argument.at,
                        fmt::format("'{}' would replace 'rootflags=subvol=/{}', which the root in "
                                    "a subvolume needs",
                                    *argument, *subvolume.name),
                        "give the options as mount_options of the subvolume");
      }
    }
  }
}

void check_firmware(const DiskRequest& disk, const BootRequest& boot, Architecture arch,
                    Diagnostics& problems) {
  const Firmware firmware = *boot.firmware;
  const PartitionRequest* esp = only_one(disk, PartitionType::esp, problems);
  const PartitionRequest* bios_boot = only_one(disk, PartitionType::bios_boot, problems);
  if (firmware != Firmware::bios) {
    if (!esp) {
      problems.report(boot.firmware.at,
                      fmt::format("firmware '{}' starts from a partition of type 'esp', and there "
                                  "is none",
                                  to_text(firmware)),
                      "add {label: esp, type: esp, size: 200 MiB, filesystem: vfat, mount: "
                      "/boot/efi}");
    } else if (!mount_of(*esp)) {
      problems.report(esp->at,
                      fmt::format("{} of type 'esp' has no mount point, so no boot loader "
                                  "would come into it",
                                  describe(*esp)),
                      "add mount: /boot/efi");
    }
  }
  if (firmware != Firmware::uefi) {
    if (arch == Architecture::aarch64) {
      problems.report(boot.firmware.at,
                      fmt::format("firmware '{}' does not exist on aarch64", to_text(firmware)),
                      "write firmware: uefi");
    } else if (*disk.table == PartitionTableType::gpt && !bios_boot) {
      problems.report(boot.firmware.at,
                      fmt::format("firmware '{}' starts from a partition of type 'bios-boot' on a "
                                  "GPT disk, and there is none",
                                  to_text(firmware)),
                      "add {label: bios, type: bios-boot, size: 1 MiB}");
    }
  }
  if (*disk.table == PartitionTableType::mbr && bios_boot) {
    problems.report(
        bios_boot->type.at,
        fmt::format("{} of type 'bios-boot' belongs to a GPT disk; with an MBR the boot "
                    "loader lives in front of the first partition",
                    describe(*bios_boot)),
        "leave the partition out");
  }
}

}  // namespace composer
