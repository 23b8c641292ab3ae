#pragma once

#include <string_view>

#include "composer/blueprint.h"

namespace composer {

/// What a partition table calls a partition of this type: a type GUID in upper case for GPT, two
/// hexadecimal digits in lower case for MBR. Empty where the table has no such thing (`bios-boot`
/// in an MBR, where GRUB lives in the gap before the first partition).
/// Sources: UAPI Group Specification 3, Discoverable Partitions (root differs by architecture);
/// UEFI 2.10, table 5.6 (EF: EFI system); GRUB's manual (bios-boot); Boot Loader Specification
/// (EA: XBOOTLDR in an MBR).
std::string_view partition_type_id(PartitionTableType table, PartitionType type, Architecture arch);

}  // namespace composer
