#include "composer/tree/kernel_modules.h"

#include <algorithm>
#include <array>

#include "composer/tree/root_files.h"

namespace composer::tree {
namespace {

struct Driver {
  std::string_view name;
  bool x86_only;
};

// In groups: Hyper-V; virtio; the disks of emulated PCs; NVMe, which Azure's newer sizes have.
// hyperv_keyboard and hid_hyperv are for an emergency shell on Hyper-V's own console, pci_hyperv
// for NVMe that is passed through. Sources: Azure's "Create and upload a generic Linux VHD"; QEMU.
constexpr std::array kDrivers{
    Driver{"hv_vmbus", false},       Driver{"hv_storvsc", false},     Driver{"hv_netvsc", false},
    Driver{"hv_utils", false},       Driver{"hv_balloon", false},     Driver{"hv_sock", false},
    Driver{"hyperv_keyboard", true}, Driver{"hid_hyperv", true},      Driver{"pci_hyperv", false},
    Driver{"virtio_blk", false},     Driver{"virtio_scsi", false},    Driver{"virtio_pci", false},
    Driver{"virtio_net", false},     Driver{"virtio_console", false}, Driver{"ata_piix", true},
    Driver{"ahci", false},           Driver{"sd_mod", false},         Driver{"sr_mod", false},
    Driver{"nvme", false},
};

}  // namespace

std::set<std::string> module_names(std::string_view text) {
  std::set<std::string> names;
  for (std::string_view line : lines_of(text)) {
    line = line.substr(0, line.find(':'));
    line.remove_prefix(std::min(line.rfind('/') + 1, line.size()));
    line = line.substr(0, line.find(".ko"));
    std::string name(line);
    std::replace(name.begin(), name.end(), '-', '_');
    if (!name.empty()) names.insert(std::move(name));
  }
  return names;
}

std::vector<std::string> wanted_drivers(const Plan& plan) {
  std::vector<std::string> names;
  for (const Driver& driver : kDrivers) {
    if (!driver.x86_only || plan.arch == Architecture::x86_64) names.emplace_back(driver.name);
  }
  std::set<std::string> filesystems;
  for (const PlannedPartition& partition : plan.disk.partitions) {
    if (!partition.filesystem || partition.filesystem->mount.empty()) continue;
    switch (partition.filesystem->type) {
      case FilesystemType::ext4:
        filesystems.insert("ext4");
        break;
      case FilesystemType::xfs:
        filesystems.insert("xfs");
        break;
      case FilesystemType::btrfs:
        filesystems.insert("btrfs");
        break;
      case FilesystemType::vfat:
        // Without these two the kernel mounts no vfat with its default options.
        filesystems.insert({"vfat", "nls_cp437", "nls_ascii"});
        break;
      case FilesystemType::swap:
        break;
    }
  }
  names.insert(names.end(), filesystems.begin(), filesystems.end());
  return names;
}

DriverChoice choose_drivers(const std::vector<std::string>& wanted, std::string_view dependencies,
                            std::string_view builtin) {
  const std::set<std::string> modules = module_names(dependencies);
  const std::set<std::string> built_in = module_names(builtin);
  DriverChoice choice;
  for (const std::string& name : wanted) {
    if (modules.contains(name)) {
      choice.modules.push_back(name);
    } else if (!built_in.contains(name)) {
      choice.missing.push_back(name);
    }
  }
  return choice;
}

}  // namespace composer::tree
