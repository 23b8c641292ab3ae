#include <fmt/format.h>

#include "composer/blueprint/checks.h"

namespace composer::blueprint {
namespace {

/// Room for one kernel with its initramfs, and for the loader: 9 MB, 23 MB and 2 MB of kernel 6.12
/// and dracut 106, rounded up to what one update more needs.
constexpr Bytes kSmallestBootPartition = MiB(64);

/// A partition of the text that could be read so far.
struct Written {
  const Node* node = nullptr;
  const PartitionRequest* request = nullptr;
};

Written partition_of_type(const Blueprint& blueprint, const Node& root, PartitionType type,
                          const Findings& findings) {
  const std::vector<Node>& nodes = items_of(section_of(root, "disk"), "partitions");
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const Node* written = nodes[i].find("type");
    if (written == nullptr || !findings.sound(*written)) continue;
    if (*blueprint.disk.partitions[i].type == type) {
      return {&nodes[i], &blueprint.disk.partitions[i]};
    }
  }
  return {};
}

/// The partition that systemd-boot reads kernels from: the extended boot loader partition, else the
/// ESP. Source: the UAPI group's Boot Loader Specification, "The partitions".
void check_boot_partition(const Blueprint& blueprint, const Node& root, std::string_view loader,
                          Findings& findings) {
  Written place = partition_of_type(blueprint, root, PartitionType::xbootldr, findings);
  if (place.node != nullptr) {
    const Node* filesystem = place.node->find("filesystem");
    if (filesystem != nullptr && findings.sound(*filesystem) &&
        *place.request->filesystem->type != FilesystemType::vfat) {
      findings.report(
          *filesystem,
          {fmt::format("partition '{}' of type 'xbootldr' is not vfat, and '{}' reads no other",
                       *place.request->label, loader),
           "write 'filesystem: vfat', or remove the partition: kernels then go to the ESP"});
    }
  } else {
    place = partition_of_type(blueprint, root, PartitionType::esp, findings);
  }
  if (place.node == nullptr) return;
  const Node* size = place.node->find("size");
  if (size != nullptr && findings.sound(*size) && place.request->size &&
      **place.request->size < kSmallestBootPartition) {
    findings.report(*size,
                    {fmt::format("partition '{}' of {}, where '{}' has its kernels, has no "
                                 "room for one with its initramfs",
                                 *place.request->label, to_text(**place.request->size), loader),
                     "write 'size: 512 MiB', which holds several"});
  }
}

/// The key `fips` of `system` where it is on, else nothing.
const Node* fips_mode(const Blueprint& blueprint, const Node& root, const Findings& findings) {
  const Node* system = section_of(root, "system");
  const Node* fips = system == nullptr ? nullptr : system->find("fips");
  const bool on = fips != nullptr && findings.sound(*fips) && *blueprint.system.fips.value();
  return on ? fips : nullptr;
}

/// What a package's image says itself cannot be said here.
void check_packaged(const Blueprint& blueprint, const Node& root, const Node& boot,
                    Findings& findings) {
  const Node* arguments = boot.find("kernel_arguments");
  if (arguments != nullptr && !arguments->items.empty()) {
    findings.report(*arguments,
                    {"kernel arguments with 'uki: packaged', whose command line is in the package",
                     "remove them, or write 'uki: built'"});
  }
  const Node* serial = boot.find("serial_console");
  if (serial != nullptr && findings.sound(*serial) && *blueprint.boot.serial_console.value()) {
    findings.report(*serial, {"'serial_console' with 'uki: packaged', whose command line is in the "
                              "package",
                              "remove it, or write 'uki: built'"});
  }
  if (const Node* fips = fips_mode(blueprint, root, findings)) {
    findings.report(*fips, {"'fips' with 'uki: packaged', whose command line is in the package and "
                            "does not turn it on",
                            "remove it, or write 'uki: built'"});
  }
}

/// What an initramfs of systemd alone does not do.
void check_initramfs(const Blueprint& blueprint, const Node& root, const Node& boot,
                     Findings& findings) {
  const Node* initramfs = boot.find("initramfs");
  if (initramfs == nullptr || !findings.sound(*initramfs)) return;
  if (blueprint.boot.uki && **blueprint.boot.uki == UkiSource::packaged) {
    findings.report(*initramfs, {"'initramfs' with 'uki: packaged', which brings its own",
                                 "remove it, or write 'uki: built'"});
  }
  if (**blueprint.boot.initramfs == InitramfsMaker::dracut) return;
  if (fips_mode(blueprint, root, findings) != nullptr) {
    findings.report(*initramfs, {"'initramfs: systemd' with 'fips', whose checks of the kernel are "
                                 "a module of dracut",
                                 "write 'initramfs: dracut'"});
  }
}

}  // namespace

void check_loader(const Blueprint& blueprint, const Node& root, Findings& findings) {
  const Node* boot = section_of(root, "boot");
  if (boot == nullptr || !findings.sound(*boot, "loader")) return;
  const Loader loader = *blueprint.boot.loader;
  check_initramfs(blueprint, root, *boot, findings);
  const Node* uki = boot->find("uki");
  if (uki != nullptr && findings.sound(*uki) && loader != Loader::uki) {
    findings.report(
        *uki, {fmt::format("'uki' with the boot loader '{}', which has no unified kernel images",
                           to_text(loader)),
               "remove it, or write 'loader: uki'"});
  }
  if (loader == Loader::grub) return;
  const Node* firmware = boot->find("firmware");
  if (firmware != nullptr && findings.sound(*firmware) &&
      *blueprint.boot.firmware != Firmware::uefi) {
    findings.report(*boot->find("loader"),
                    {fmt::format("boot loader '{}' with firmware '{}', which does not start it",
                                 to_text(loader), to_text(*blueprint.boot.firmware)),
                     "write 'firmware: uefi', or 'loader: grub'"});
  }
  check_boot_partition(blueprint, root, to_text(loader), findings);
  if (loader == Loader::uki && uki != nullptr && findings.sound(*uki) &&
      **blueprint.boot.uki == UkiSource::packaged) {
    check_packaged(blueprint, root, *boot, findings);
  }
}

}  // namespace composer::blueprint
