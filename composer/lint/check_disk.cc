#include <algorithm>
#include <fmt/format.h>

#include "composer/lint/checks.h"
#include "composer/lint/config_text.h"
#include "composer/lint/portable_executable.h"
#include "composer/lint/system.h"

// Groups 6 to 9: partitions, what the firmware starts, and what fstab and root= refer to.

namespace composer::lint {
namespace {

constexpr std::uint16_t kMachineX86 = 0x8664, kMachineArm = 0xaa64;

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return out;
}

std::string without_quotes(std::string text) {
  std::erase(text, '"');
  return text;
}

/// What a reference to a device comes to.
enum class Reference { exists, is_missing, may_be_inside, names_no_identity };

/// Whether filesystems may be on the disk that were not seen: in a volume group, behind a
/// passphrase, in a partition of a type that is not known.
bool may_hide_filesystems(const Subject& subject) {
  for (const DiskPartition& partition : subject.disk->partitions) {
    const DiskFilesystem* filesystem = subject.filesystem_of(partition);
    if (filesystem == nullptr) {
      // MBR's extended partitions hold those that are listed beside them.
      const bool extended =
          partition.type_id == "05" || partition.type_id == "0F" || partition.type_id == "85";
      if (!partition.is_bios_boot() && !extended) return true;
    } else if (filesystem->type == "LVM2_member" || filesystem->type == "crypto_LUKS" ||
               filesystem->type == "linux_raid_member") {
      return true;
    }
  }
  return false;
}

/// Looks for `UUID=…`, `/dev/disk/by-label/…` and the like on the disk.
Reference look_up(const Subject& subject, std::string_view written) {
  struct Kind {
    std::string_view tag, folder;
  };
  constexpr Kind kKinds[] = {{"UUID=", "/dev/disk/by-uuid/"},
                             {"LABEL=", "/dev/disk/by-label/"},
                             {"PARTUUID=", "/dev/disk/by-partuuid/"},
                             {"PARTLABEL=", "/dev/disk/by-partlabel/"}};
  const std::string text = without_quotes(std::string(written));
  for (std::size_t i = 0; i < std::size(kKinds); ++i) {
    std::string value;
    if (text.starts_with(kKinds[i].tag)) {
      value = text.substr(kKinds[i].tag.size());
    } else if (text.starts_with(kKinds[i].folder)) {
      value = text.substr(kKinds[i].folder.size());
    } else {
      continue;
    }
    // `PARTUUID=…/PARTNROFF=1` of root=.
    value = value.substr(0, i == 2 ? value.find('/') : std::string::npos);
    const auto of_filesystem = [&](const DiskFilesystem& each) {
      return i == 0 ? lower(each.uuid) == lower(value) : i == 1 && each.label == value;
    };
    const auto of_partition = [&](const DiskPartition& each) {
      return i == 2 ? lower(each.uuid) == lower(value) : i == 3 && each.label == value;
    };
    const bool there =
        std::any_of(subject.filesystems.begin(), subject.filesystems.end(), of_filesystem) ||
        std::any_of(subject.disk->partitions.begin(), subject.disk->partitions.end(), of_partition);
    if (there) return Reference::exists;
    return i < 2 && may_hide_filesystems(subject) ? Reference::may_be_inside
                                                  : Reference::is_missing;
  }
  return Reference::names_no_identity;
}

/// Failed with what is missing; where nothing is, skipped when something may be out of sight.
Verdict of_references(std::vector<std::string> missing, const std::vector<std::string>& unseen) {
  if (!missing.empty() || unseen.empty()) return failed_if(std::move(missing));
  return skipped(unseen.front() + ", or in a partition that cannot be looked into");
}

/// Whether a kernel finds that root by itself. It knows partitions, and filesystems only by trying;
/// its drivers must be compiled in.
bool starts_alone(System& system, const BootEntry& entry) {
  const auto roots = entry.values("root");
  if (roots.empty() || !(roots.back().starts_with("PARTUUID=") ||
                         roots.back().starts_with("PARTLABEL=") || is_device_name(roots.back()))) {
    return false;
  }
  const auto& kernels = system.kernels();
  return std::any_of(kernels.begin(), kernels.end(), [&](const KernelFacts& kernel) {
    return starts(entry, kernel) && kernel.builtin.contains("hv_vmbus") &&
           kernel.builtin.contains("hv_storvsc");
  });
}

/// Whether the partition's type alone makes it the root: systemd-gpt-auto-generator(8).
bool has_root_type(const DiskPartition& partition) {
  return partition.type_id == "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709" ||
         partition.type_id == "B921B045-1DF0-41C3-AF44-4C6F280D3FAE";
}

}  // namespace

bool is_device_name(std::string_view device) {
  constexpr std::string_view kNames[] = {"/dev/sd", "/dev/hd", "/dev/vd", "/dev/xvd", "/dev/nvme"};
  return std::any_of(std::begin(kNames), std::end(kNames),
                     [&](std::string_view name) { return device.starts_with(name); });
}

Verdict check_partition_table_whole(const Examination& examination) {
  return failed_if(examination.subject.disk->problems);
}

Verdict check_partitions_aligned(const Examination& examination) {
  std::vector<std::string> found;
  for (const DiskPartition& partition : examination.subject.disk->partitions) {
    // What lies in the first MiB is the finding of another rule.
    if (partition.start.count % MiB(1).count != 0 && partition.start > MiB(1)) {
      found.push_back(
          fmt::format("partition {} begins at byte {}", partition.number, partition.start.count));
    }
  }
  return failed_if(std::move(found));
}

Verdict check_first_mebibyte_free(const Examination& examination) {
  std::vector<std::string> found;
  for (const DiskPartition& partition : examination.subject.disk->partitions) {
    if (partition.start < MiB(1)) {
      found.push_back(fmt::format("partition {} begins at sector {}", partition.number,
                                  partition.start.count / 512));
    }
  }
  // A filesystem on the whole disk begins in its first sector.
  for (const DiskFilesystem& filesystem : examination.subject.filesystems) {
    if (filesystem.partition == 0) {
      found.push_back(fmt::format("{} is on the whole disk", shown(filesystem.type)));
    }
  }
  return failed_if(std::move(found));
}

Verdict check_esp_present(const Examination& examination) {
  const Subject& subject = examination.subject;
  bool any = false;
  for (const DiskPartition& partition : subject.disk->partitions) {
    if (!partition.is_esp()) continue;
    any = true;
    const DiskFilesystem* filesystem = subject.filesystem_of(partition);
    if (filesystem != nullptr && filesystem->type == "vfat") return passed();
  }
  return failed(any ? "the partition of that type has no vfat filesystem"
                    : "no partition has the type of an ESP");
}

Verdict check_efi_fallback_loader(const Examination& examination) {
  const Subject& subject = examination.subject;
  System& system = examination.system;
  if (subject.esp.empty()) {
    if (!subject.esp_problem.empty()) return skipped(subject.esp_problem);
    return inapplicable("there is no ESP to look at");
  }
  const bool arm = system.architecture() == "aarch64";
  const std::string path =
      fmt::format("{}/EFI/BOOT/{}", subject.esp, arm ? "BOOTAA64.EFI" : "BOOTX64.EFI");
  const auto bytes = system.root().read(path);
  if (!bytes) return failed(fmt::format("{} is not there", path));
  const auto pe = read_portable_executable(*bytes);
  if (!pe) return failed(fmt::format("{} is no EFI program", path));
  if (pe->machine != (arm ? kMachineArm : kMachineX86)) {
    return failed(fmt::format("{} is for machine 0x{:04X}", path, pe->machine));
  }
  return passed();
}

Verdict check_bios_boot_code(const Examination& examination) {
  const DiskTable& disk = *examination.subject.disk;
  // The code area ends where the disk's signature begins (440); the last two bytes mark it valid.
  constexpr std::size_t kCode = 440;
  if (disk.boot_sector.size() != 512) return skipped("sector 0 could not be read");
  std::vector<std::string> found;
  if (disk.boot_sector.substr(510) != "\x55\xaa") {
    found.emplace_back("sector 0 does not end in 55 AA");
  }
  if (disk.boot_sector.substr(0, kCode).find_first_not_of('\0') == std::string::npos) {
    found.emplace_back("sector 0 has no code");
  }
  if (disk.type == PartitionTableType::gpt) {
    if (std::none_of(disk.partitions.begin(), disk.partitions.end(),
                     [](const DiskPartition& each) { return each.is_bios_boot(); })) {
      found.emplace_back("the GPT has no BIOS boot partition");
    }
  } else {
    // GRUB's core image needs 32 KiB and more behind sector 0; 1 MiB is what tools leave.
    for (const DiskPartition& partition : disk.partitions) {
      if (partition.start < KiB(64)) {
        found.push_back(
            fmt::format("partition {} leaves no room behind sector 0", partition.number));
      }
    }
  }
  return failed_if(std::move(found));
}

Verdict check_generation1_architecture(const Examination& examination) {
  const std::string& architecture = examination.system.architecture();
  if (architecture == "unknown") return skipped("no program tells the architecture");
  // 32-bit systems are another rule's.
  return architecture == "aarch64" ? failed("the programs are for aarch64") : passed();
}

Verdict check_boot_entries(const Examination& examination) {
  const Subject& subject = examination.subject;
  const BootEntries& entries = examination.system.boot_entries();
  std::vector<std::string> found = entries.problems;
  for (const BootEntry& entry : entries.entries) {
    for (const std::string& missing : entry.missing) {
      found.push_back(fmt::format("{} names {}, which is not there", entry.place, shown(missing)));
    }
    if (!entry.unified && entry.initramfs.empty() && !starts_alone(examination.system, entry)) {
      found.push_back(
          fmt::format("{} starts {} without an initramfs", entry.place, shown(entry.kernel)));
    }
  }
  if (entries.entries.empty() && found.empty()) {
    if (!subject.esp_problem.empty()) return skipped(subject.esp_problem);
    found.emplace_back("no boot loader configuration, entry or unified kernel image was found");
  }
  return failed_if(std::move(found));
}

Verdict check_fstab_device_names(const Examination& examination) {
  std::vector<std::string> found;
  for (const FstabEntry& entry : examination.system.fstab()) {
    if (is_device_name(entry.device)) {
      found.push_back(fmt::format("/etc/fstab:{}: {}", entry.line, shown(entry.device)));
    }
  }
  return failed_if(std::move(found));
}

Verdict check_one_root_mount(const Examination& examination) {
  const Subject& subject = examination.subject;
  std::size_t roots = 0;
  for (const FstabEntry& entry : examination.system.fstab()) roots += entry.mount == "/" ? 1 : 0;
  if (roots == 1) return passed();
  if (roots > 1) return failed(fmt::format("/etc/fstab mounts {} filesystems at /", roots));
  if (subject.disk && std::any_of(subject.disk->partitions.begin(), subject.disk->partitions.end(),
                                  has_root_type)) {
    return passed();
  }
  // The kernel's arguments alone name it, and have it mounted to be written.
  const auto& entries = examination.system.boot_entries().entries;
  if (!entries.empty() && std::all_of(entries.begin(), entries.end(), [](const BootEntry& entry) {
        return entry.has("rw") && !entry.values("root").empty();
      })) {
    return passed();
  }
  return failed("/etc/fstab mounts nothing at /");
}

Verdict check_esp_mount_options(const Examination& examination) {
  constexpr std::string_view kWanted[] = {"umask=0077", "noexec", "nodev", "nosuid", "nosymfollow"};
  for (const FstabEntry& entry : examination.system.fstab()) {
    if (entry.type != "vfat" && entry.mount != "/boot/efi" && entry.mount != "/efi") continue;
    std::vector<std::string> found;
    for (const std::string_view option : kWanted) {
      // The same in two words.
      const bool in_two = option.starts_with("umask") && entry.has_option("fmask=0077") &&
                          entry.has_option("dmask=0077");
      if (!entry.has_option(option) && !in_two) {
        found.push_back(fmt::format("/etc/fstab:{}: {} is mounted without {}", entry.line,
                                    shown(entry.mount), option));
      }
    }
    return failed_if(std::move(found));
  }
  return inapplicable("fstab does not mount the ESP");
}

Verdict check_no_lvm(const Examination& examination) {
  const Subject& subject = examination.subject;
  std::vector<std::string> found;
  for (const DiskPartition& partition : subject.disk->partitions) {
    const DiskFilesystem* filesystem = subject.filesystem_of(partition);
    if (partition.type_id == "E6D6D379-F507-44C2-A23C-238F2A3DF928" || partition.type_id == "8E" ||
        (filesystem != nullptr && filesystem->type == "LVM2_member")) {
      found.push_back(fmt::format("partition {} is a physical volume of LVM", partition.number));
    }
  }
  return failed_if(std::move(found));
}

Verdict check_fstab_devices_exist(const Examination& examination) {
  std::vector<std::string> found, unseen;
  for (const FstabEntry& entry : examination.system.fstab()) {
    if (entry.has_option("nofail") || entry.has_option("noauto")) continue;
    const Reference reference = look_up(examination.subject, entry.device);
    if (reference == Reference::exists || reference == Reference::names_no_identity) continue;
    (reference == Reference::is_missing ? found : unseen)
        .push_back(
            fmt::format("/etc/fstab:{}: {} is not on the disk", entry.line, shown(entry.device)));
  }
  return of_references(std::move(found), unseen);
}

Verdict check_root_argument_exists(const Examination& examination) {
  const auto& entries = examination.system.boot_entries().entries;
  if (entries.empty()) return skipped("there is no boot entry whose arguments could be read");
  std::vector<std::string> found, unseen;
  for (const BootEntry& entry : entries) {
    for (const std::string& value : entry.values("root")) {
      const Reference reference = look_up(examination.subject, value);
      if (reference == Reference::exists || reference == Reference::names_no_identity) continue;
      (reference == Reference::is_missing ? found : unseen)
          .push_back(fmt::format("{}: root={} is not on the disk", entry.place, shown(value)));
    }
  }
  return of_references(std::move(found), unseen);
}

}  // namespace composer::lint
