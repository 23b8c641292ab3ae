#include "composer/lint/subject.h"

#include <algorithm>

namespace composer::lint {

std::string_view to_text(FileFormat format) {
  switch (format) {
    case FileFormat::raw:
      return "raw disk";
    case FileFormat::vhd_fixed:
      return "fixed VHD";
    case FileFormat::vhd_dynamic:
      return "dynamic VHD";
    case FileFormat::vhdx:
      return "VHDX";
    case FileFormat::qcow2:
      return "qcow2";
    case FileFormat::directory:
      return "directory";
    case FileFormat::archive:
      return "archive";
  }
  return "image";
}

// UEFI Specification 2.10, 5.3.3; MBR type EFh.
bool DiskPartition::is_esp() const {
  return type_id == "C12A7328-F81F-11D2-BA4B-00A0C93EC93B" || type_id == "ef" || type_id == "EF";
}

// GNU GRUB Manual 2.12, "BIOS installation".
bool DiskPartition::is_bios_boot() const {
  return type_id == "21686148-6449-6E6F-744E-656564454649";
}

const DiskFilesystem* Subject::filesystem_of(const DiskPartition& partition) const {
  const auto found = std::find_if(
      filesystems.begin(), filesystems.end(),
      [&](const DiskFilesystem& filesystem) { return filesystem.partition == partition.number; });
  return found == filesystems.end() ? nullptr : &*found;
}

}  // namespace composer::lint
