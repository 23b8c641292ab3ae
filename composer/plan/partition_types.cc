#include "composer/plan/partition_types.h"

namespace composer {
namespace {

std::string_view gpt_type(PartitionType type, Architecture arch) {
  switch (type) {
    case PartitionType::esp:
      return "C12A7328-F81F-11D2-BA4B-00A0C93EC93B";
    case PartitionType::bios_boot:
      return "21686148-6449-6E6F-744E-656564454649";
    case PartitionType::xbootldr:
      return "BC13C2FF-59E6-4262-A352-B275FD6F7172";
    case PartitionType::root:
      return arch == Architecture::x86_64 ? "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709"
                                          : "B921B045-1DF0-41C3-AF44-4C6F280D3FAE";
    case PartitionType::home:
      return "933AC7E1-2EB4-4F13-B844-0E14E2AEF915";
    case PartitionType::srv:
      return "3B8F8425-20E0-4F3B-907F-1A25A76F98E8";
    case PartitionType::var:
      return "4D21B016-B534-45C2-A9FB-5C16E091FD2D";
    case PartitionType::swap:
      return "0657FD6D-A4AB-43C4-84E5-0933C84B4F4F";
    case PartitionType::linux_data:
      return "0FC63DAF-8483-4772-8E79-3D69D8477DE4";
  }
  return {};
}

std::string_view mbr_type(PartitionType type) {
  switch (type) {
    case PartitionType::esp:
      return "ef";
    case PartitionType::bios_boot:
      return {};
    case PartitionType::xbootldr:
      return "ea";
    case PartitionType::swap:
      return "82";
    case PartitionType::root:
    case PartitionType::home:
    case PartitionType::srv:
    case PartitionType::var:
    case PartitionType::linux_data:
      return "83";
  }
  return {};
}

}  // namespace

std::string_view partition_type_id(PartitionTableType table, PartitionType type,
                                   Architecture arch) {
  return table == PartitionTableType::gpt ? gpt_type(type, arch) : mbr_type(type);
}

}  // namespace composer
