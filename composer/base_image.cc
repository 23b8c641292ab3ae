#include "composer/base_image.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <optional>
#include <string_view>

#include "composer/error.h"
#include "composer/image_facts.h"
#include "composer/inspect/archive_tree.h"
#include "composer/inspect/image_root.h"
#include "composer/inspect/mounted_root.h"
#include "composer/lint/system.h"
#include "composer/lint_subject.h"
#include "composer/oci_base.h"

namespace composer {
namespace {

/// What is in a partition that hides a filesystem, as blkid(8) has it, and what it is.
struct Hidden {
  std::string_view type, what;
};
constexpr std::array kHidden{
    Hidden{"crypto_LUKS", "is encrypted (LUKS)"},
    Hidden{"BitLocker", "is encrypted (BitLocker)"},
    Hidden{"LVM2_member", "belongs to an LVM volume group"},
    Hidden{"linux_raid_member", "belongs to a RAID"},
    Hidden{"DM_verity_hash", "holds the hashes of dm-verity: every change would be noticed"},
};

/// Where Fedora and Azure Linux 4.0 have the rpm database, and where it was before.
constexpr std::array kDatabases{"/usr/lib/sysimage/rpm", "/var/lib/rpm"};

/// Arguments that are not the kernel's own: GRUB's variables, and what loaders add.
bool is_of_loader(std::string_view argument) {
  return argument.starts_with('$') || argument.starts_with("BOOT_IMAGE=") ||
         argument.starts_with("initrd=");
}

/// What says which filesystem is the root; the plan says it anew.
bool is_of_root(std::string_view argument) {
  return argument.starts_with("root=") || argument.starts_with("rootflags=subvol=");
}

std::vector<std::string> options_of(const std::string& text) {
  std::vector<std::string> options;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    const std::string option = text.substr(at, end - at);
    if (!option.empty() && option != "defaults") options.push_back(option);
    at = end + 1;
  }
  return options;
}

/// Takes the option `key=VALUE` out of a list.
std::optional<std::string> take_value(std::vector<std::string>& options, std::string_view key) {
  const auto found = std::find_if(options.begin(), options.end(), [&](const std::string& option) {
    return option.starts_with(key);
  });
  if (found == options.end()) return std::nullopt;
  std::string value = found->substr(key.size());
  options.erase(found);
  return value;
}

/// What the boot menu waits: GRUB_TIMEOUT of /etc/default/grub, where that is a number.
std::uint64_t menu_timeout(const ReadRoot& root, std::uint64_t fallback) {
  constexpr std::string_view kKey = "\nGRUB_TIMEOUT=";
  const std::string text = "\n" + root.read("/etc/default/grub").value_or("");
  const auto at = text.rfind(kKey);
  if (at == std::string::npos) return fallback;
  std::string_view value = std::string_view(text).substr(at + kKey.size());
  value = value.substr(0, value.find('\n'));
  if (value.starts_with('"') && value.ends_with('"') && value.size() > 1) {
    value = value.substr(1, value.size() - 2);
  }
  constexpr std::uint64_t kMost = 3600;
  std::uint64_t seconds = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), seconds);
  const bool is_number = error == std::errc() && end == value.data() + value.size();
  return is_number && seconds <= kMost ? seconds : fallback;
}

std::string upper_case(std::string text) {
  for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return text;
}

PartitionType type_of(const inspect::DiskFacts& disk, const inspect::PartitionFacts& partition) {
  const std::string word = partition_type_name(disk.kind, partition.type);
  for (int i = 0; i <= static_cast<int>(PartitionType::linux_data); ++i) {
    if (to_text(static_cast<PartitionType>(i)) == word) return static_cast<PartitionType>(i);
  }
  return PartitionType::linux_data;
}

std::optional<FilesystemType> filesystem_type(std::string_view text) {
  for (int i = 0; i <= static_cast<int>(FilesystemType::swap); ++i) {
    if (to_text(static_cast<FilesystemType>(i)) == text) return static_cast<FilesystemType>(i);
  }
  return std::nullopt;
}

/// Reads one part after the other, keeping the reasons of all.
class Reading {
 public:
  Reading(const std::filesystem::path& path, Progress& progress)
      : open_(open_lint_subject(path, progress)), facts_(read_image_facts(path, progress)) {
    base_.path = path;
  }

  BaseImage read() {
    if (!open_.image || open_.image->source() != inspect::ImageRoot::Source::disk) {
      refuse(open_.image ? "it is no disk" : open_.subject.root_problem,
             "give an image of a disk with an installed system");
      fail();
    }
    read_table();
    if (!problems_.empty()) fail();
    read_filesystems();
    read_mounts();
    read_boot();
    read_packages();
    if (!problems_.empty()) fail();
    return std::move(base_);
  }

 private:
  void refuse(std::string message, std::string hint = {}) {
    problems_.push_back({fmt::format("'{}' cannot be customised: {}", base_.path.string(), message),
                         {},
                         {},
                         std::move(hint)});
  }
  [[noreturn]] void fail() { throw Error(ErrorKind::build, std::move(problems_)); }

  void read_table() {
    const inspect::DiskFacts& disk = *open_.image->disk();
    const std::uint32_t sector = open_.image->container()->logical_sector;
    if (disk.kind == inspect::TableKind::none) {
      refuse("its filesystem fills the whole disk, without a partition table");
    }
    if (sector != 512) refuse(fmt::format("its sectors are of {} bytes, not of 512", sector));
    for (const std::string& problem : disk.problems) {
      refuse(problem, "mend the partition table first, with 'sgdisk -e' or 'sfdisk'");
    }
    const bool gpt = disk.kind == inspect::TableKind::gpt;
    base_.disk.table = gpt ? PartitionTableType::gpt : PartitionTableType::mbr;
    base_.disk.id = gpt ? disk.id : "0x" + disk.id;
    base_.disk.size = disk.size;
    for (const inspect::PartitionFacts& found : disk.partitions) {
      if (!gpt && (found.type == "05" || found.type == "0f" || found.type == "85")) {
        refuse("it has logical partitions");
      }
      PlannedPartition& partition = base_.disk.partitions.emplace_back();
      partition.number = found.number;
      partition.label = gpt ? found.name : fmt::format("partition {}", found.number);
      partition.type = type_of(disk, found);
      partition.type_id = gpt ? upper_case(found.type) : found.type;
      partition.uuid = found.guid;
      partition.start = found.start;
      partition.size = found.size;
      partition.base = PlannedOrigin{found.size, found.guid, {}};
    }
    std::sort(base_.disk.partitions.begin(), base_.disk.partitions.end(),
              [](const auto& a, const auto& b) { return a.start < b.start; });
  }

  PlannedPartition* partition_of(const inspect::FilesystemFacts& filesystem) {
    for (PlannedPartition& partition : base_.disk.partitions) {
      if (partition.number == filesystem.partition) return &partition;
    }
    return nullptr;
  }

  static std::string name_of(const inspect::FilesystemFacts& filesystem) {
    return fmt::format("partition {}", filesystem.partition);
  }

  void read_filesystems() {
    for (const inspect::FilesystemFacts& found : open_.image->filesystems()) {
      PlannedPartition* partition = partition_of(found);
      if (partition == nullptr) continue;
      for (const Hidden& hidden : kHidden) {
        if (found.type == hidden.type) {
          refuse(fmt::format("{} {}", name_of(found), hidden.what));
        }
      }
      if (found.needs_recovery) {
        refuse(fmt::format("the {} of {} was not unmounted: its journal is to be replayed",
                           found.type, name_of(found)),
               "shut the machine down that uses it, or run fsck on it");
      }
      if (found.has_errors) {
        refuse(fmt::format("the {} of {} is marked as damaged", found.type, name_of(found)),
               "run fsck on it");
      }
      const auto type = filesystem_type(found.type);
      if (!type) {
        if (!found.mounted_at.empty()) {
          refuse(fmt::format("'{}' of {} is mounted at '{}', and cannot be written here",
                             found.type, name_of(found), found.mounted_at.front()));
        }
        continue;  // It stays as it is.
      }
      PlannedFilesystem& filesystem = partition->filesystem.emplace();
      filesystem.type = *type;
      filesystem.uuid = found.uuid;
      filesystem.label = found.label;
      partition->base->filesystem_uuid = found.uuid;
    }
  }

  void read_mounts() {
    const auto& filesystems = open_.image->filesystems();
    bool has_root = false;
    for (const inspect::FstabMount& mount : open_.image->mounts()) {
      std::vector<std::string> options = options_of(mount.options);
      const bool needed = std::find(options.begin(), options.end(), "noauto") == options.end() &&
                          std::find(options.begin(), options.end(), "nofail") == options.end();
      if (!mount.filesystem) {
        const bool of_disk =
            mount.source.starts_with("UUID=") || mount.source.starts_with("PARTUUID=") ||
            mount.source.starts_with("LABEL=") || mount.source.starts_with("PARTLABEL=") ||
            mount.source.starts_with("/dev/mapper/");
        if (of_disk && needed && mount.point.starts_with('/')) {
          refuse(fmt::format("/etc/fstab mounts '{}' at '{}', which is not on this disk",
                             mount.source, mount.point));
        }
        continue;
      }
      PlannedPartition* partition = partition_of(filesystems.at(*mount.filesystem));
      if (partition == nullptr || !partition->filesystem) continue;
      PlannedFilesystem& filesystem = *partition->filesystem;
      if (filesystem.type == FilesystemType::swap || !mount.point.starts_with('/')) continue;
      has_root = has_root || mount.point == "/";
      if (const auto compression = take_value(options, "compress=")) {
        filesystem.compression = *compression;
      }
      if (auto name = take_value(options, "subvol=")) {
        while (name->starts_with('/')) name->erase(0, 1);
        if (!name->empty()) {
          filesystem.subvolumes.push_back({*name, mount.point, std::move(options)});
          continue;
        }
      }
      if (!filesystem.mount.empty()) continue;  // A second mount shows the same files.
      filesystem.mount = mount.point;
      filesystem.mount_options = std::move(options);
    }
    if (has_root) return;
    // The kernel's command line alone names it.
    for (const inspect::FilesystemFacts& found : filesystems) {
      PlannedPartition* partition = partition_of(found);
      if (partition == nullptr || !partition->filesystem || found.mounted_at.empty() ||
          found.mounted_at.front() != "/") {
        continue;
      }
      if (partition->filesystem->mount.empty()) partition->filesystem->mount = "/";
    }
  }

  void read_boot() {
    lint::System system(open_.subject);
    PlannedBoot& boot = base_.boot;
    const std::string machine = system.architecture();
    if (machine == "x86_64" || machine == "aarch64") {
      base_.arch = machine == "x86_64" ? Architecture::x86_64 : Architecture::aarch64;
    } else {
      refuse(fmt::format("its programs are for '{}'", machine));
    }
    const bool bios = open_.image->disk()->has_boot_code();
    const bool uefi = !facts_.efi_programs.empty();
    if (!bios && !uefi) {
      refuse("it has no boot loader: no program on an ESP, and no code in its first sector");
    }
    boot.firmware = bios && uefi ? Firmware::both : bios ? Firmware::bios : Firmware::uefi;
    const auto& entries = facts_.boot_entries;
    const auto entry = std::find_if(entries.begin(), entries.end(), [](const lint::BootEntry& one) {
      return one.kernel.find("rescue") == std::string::npos;
    });
    if (entry == entries.end()) {
      refuse(
          "it has no boot entry that is known: neither of GRUB nor of systemd-boot, and no "
          "unified kernel image");
      return;
    }
    const bool systemd_boot =
        std::any_of(facts_.efi_programs.begin(), facts_.efi_programs.end(),
                    [](const EfiProgram& program) { return program.kind == "systemd-boot"; });
    boot.loader = entry->unified ? Loader::uki : systemd_boot ? Loader::systemd_boot : Loader::grub;
    if (boot.loader == Loader::uki && !system.root().exists("/etc/kernel/cmdline")) {
      boot.uki = UkiSource::packaged;
    }
    std::vector<std::string> arguments;
    for (const std::string& argument : entry->arguments) {
      if (!is_of_loader(argument) && !is_of_root(argument)) arguments.push_back(argument);
    }
    boot.kernel_command_line = fmt::format("{}", fmt::join(arguments, " "));
    boot.timeout_seconds = menu_timeout(system.root(), boot.timeout_seconds);
    boot.serial_console =
        std::any_of(arguments.begin(), arguments.end(), [](const std::string& argument) {
          return argument.starts_with("console=ttyS") || argument.starts_with("console=ttyAMA");
        });
  }

  void read_packages() {
    const ReadRoot& root = open_.image->root();
    for (const char* folder : kDatabases) {
      const auto database = root.read(fmt::format("{}/rpmdb.sqlite", folder));
      if (!database) continue;
      try {
        base_.packages = rpm::read_installed_details(*database);
      } catch (const Error& error) {
        refuse(error.what());
      }
      base_.rpm_database = folder;
      return;
    }
    // Without one its packages cannot be changed; the rest can.
  }

  LintSubject open_;
  ImageFacts facts_;
  BaseImage base_;
  std::vector<Problem> problems_;
};

/// Of a container. Its packages are those of the uppermost layer that has them.
BaseImage container_base(const std::filesystem::path& path, OciBase layout) {
  BaseImage base;
  base.path = path;
  const auto refuse = [&](std::string why) {
    throw Error(ErrorKind::build, fmt::format("'{}' cannot be customised: {}", path.string(), why));
  };
  if (layout.architecture != "amd64" && layout.architecture != "arm64") {
    refuse(fmt::format("its architecture is '{}'", layout.architecture));
  }
  base.arch = layout.architecture == "amd64" ? Architecture::x86_64 : Architecture::aarch64;
  for (auto layer = layout.layers.rbegin(); layer != layout.layers.rend(); ++layer) {
    const inspect::MountedRoot root(inspect::open_archive(*layer));
    for (const char* folder : kDatabases) {
      const auto database = root.read(fmt::format("{}/rpmdb.sqlite", folder));
      if (!database || !base.rpm_database.empty()) continue;
      base.packages = rpm::read_installed_details(*database);
      base.rpm_database = folder;
    }
    if (!base.rpm_database.empty()) break;
  }
  base.layers = std::move(layout.layers);
  base.container = std::move(layout.container);
  return base;
}

}  // namespace

BaseImage read_base_image(const std::filesystem::path& path, Progress& progress) {
  return with_context("while looking at the base image", [&] {
    if (!is_oci_layout(path)) return Reading(path, progress).read();
    OciBase layout = read_oci_base(path);
    return layout.disk.empty() ? container_base(path, std::move(layout))
                               : Reading(layout.disk, progress).read();
  });
}

}  // namespace composer
