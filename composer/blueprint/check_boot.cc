#include <fmt/format.h>

#include "composer/blueprint/checks.h"

namespace composer::blueprint {
namespace {

/// The partitions of a type: the first one's node, and a report for each further one.
const Node* only_partition(const Blueprint& blueprint, const Node& list, PartitionType type,
                           Findings& findings) {
  const Node* first = nullptr;
  for (std::size_t i = 0; i < list.items.size(); ++i) {
    const Node& node = list.items[i];
    const Node* written = node.find("type");
    if (written == nullptr || !findings.sound(*written)) continue;
    if (*blueprint.disk.partitions[i].type != type) continue;
    if (first != nullptr) {
      findings.report(*written, {fmt::format("a second partition of type '{}'", to_text(type)),
                                 "keep one of them"});
    } else {
      first = &node;
    }
  }
  return first;
}

void check_firmware(const Blueprint& blueprint, const Node& boot, const Node& disk,
                    Findings& findings) {
  const Node* firmware_node = boot.find("firmware");
  const Node* list = disk.find("partitions");
  if (firmware_node == nullptr || !findings.sound(*firmware_node) || list == nullptr ||
      list->kind != Node::Kind::sequence) {
    return;
  }
  // A type that could not be read may be the one that is missed.
  bool types_known = true;
  for (const Node& node : list->items) {
    types_known = types_known && node.has("type") && findings.sound(*node.find("type"));
  }
  const Node* esp = only_partition(blueprint, *list, PartitionType::esp, findings);
  const Node* bios_boot = only_partition(blueprint, *list, PartitionType::bios_boot, findings);
  const Firmware firmware = *blueprint.boot.firmware;
  const bool table_known = findings.sound(disk, "table");
  const bool gpt = *blueprint.disk.table == PartitionTableType::gpt;
  if (firmware != Firmware::bios) {
    if (table_known && !gpt) {
      findings.report(*firmware_node,
                      {fmt::format("firmware '{}' on an MBR disk", to_text(firmware)),
                       "write 'table: gpt' in 'disk'; Hyper-V's generation 2 boots no other"});
    } else if (esp == nullptr && types_known) {
      findings.report(
          *firmware_node,
          {fmt::format("firmware '{}' needs a partition of type 'esp'", to_text(firmware)),
           "add '- {label: esp, type: esp, size: 200 MiB, filesystem: vfat, "
           "mount: /boot/efi}'"});
    }
  }
  if (firmware != Firmware::uefi && *blueprint.arch == Architecture::x86_64 && table_known && gpt &&
      bios_boot == nullptr && types_known) {
    findings.report(
        *firmware_node,
        {fmt::format("firmware '{}' on a GPT disk needs a partition of type 'bios-boot'",
                     to_text(firmware)),
         "add '- {label: bios, type: bios-boot, size: 1 MiB}' as the first"});
  }
  if (bios_boot != nullptr && table_known && !gpt) {
    findings.report(
        *bios_boot->find("type"),
        {"a 'bios-boot' partition on an MBR disk, where GRUB's code has its place before "
         "the first partition",
         "remove it"});
  } else if (bios_boot != nullptr && firmware == Firmware::uefi) {
    findings.report(*bios_boot->find("type"),
                    {"a 'bios-boot' partition, and the firmware is 'uefi' alone",
                     "remove it, or write 'firmware: both'"});
  }
}

/// A kernel argument that undoes what `system` asks for: the kernel believes the argument.
struct Undoing {
  std::string_view argument;
  std::string_view asked;
  Span at;
};

void check_security_arguments(const Blueprint& blueprint, const Node& boot, Findings& findings) {
  const SystemRequest& system = blueprint.system;
  std::vector<Undoing> undoings;
  if (system.fips && **system.fips) undoings.push_back({"fips=0", "fips: true", system.fips->at});
  if (const auto& mode = system.selinux.mode; mode && **mode == SelinuxMode::enforcing) {
    undoings.push_back({"selinux=0", "mode: enforcing", mode->at});
    undoings.push_back({"enforcing=0", "mode: enforcing", mode->at});
  } else if (mode && **mode == SelinuxMode::permissive) {
    undoings.push_back({"selinux=0", "mode: permissive", mode->at});
  }
  const std::vector<Node>& nodes = items_of(&boot, "kernel_arguments");
  const auto& arguments = blueprint.boot.kernel_arguments;
  for (std::size_t i = 0; i < nodes.size() && i < arguments.size(); ++i) {
    for (const Undoing& undoing : undoings) {
      if (*arguments[i] != undoing.argument || !findings.sound(nodes[i])) continue;
      findings.report(nodes[i],
                      {fmt::format("kernel argument '{}' undoes the '{}' {}", undoing.argument,
                                   undoing.asked, place_beside(nodes[i].at, undoing.at)),
                       "keep one of the two"});
    }
  }
}

}  // namespace

void check_boot(const Blueprint& blueprint, const Node& root, Findings& findings) {
  const Node* boot = section_of(root, "boot");
  if (boot == nullptr) return;
  check_repeats(blueprint.boot.kernel_arguments, boot, "kernel_arguments", "kernel argument",
                findings);
  check_security_arguments(blueprint, *boot, findings);
  check_loader(blueprint, root, findings);
  const Node* firmware = boot->find("firmware");
  const Node* arch = root.find("arch");
  if (firmware != nullptr && findings.sound(*firmware) && arch != nullptr &&
      findings.sound(*arch) && *blueprint.arch == Architecture::aarch64 &&
      *blueprint.boot.firmware != Firmware::uefi) {
    findings.report(*firmware, {fmt::format("firmware '{}' on aarch64, which has no BIOS",
                                            to_text(*blueprint.boot.firmware)),
                                "write 'firmware: uefi'"});
    return;
  }
  if (const Node* disk = section_of(root, "disk")) {
    check_firmware(blueprint, *boot, *disk, findings);
  }
}

}  // namespace composer::blueprint
