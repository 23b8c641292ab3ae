#include <fmt/format.h>

#include "composer/inspect/open_format.h"

namespace composer::inspect {

DiskImage open_disk_image(const std::filesystem::path& path) {
  auto file = std::make_unique<ImageFile>(path);
  const std::uint64_t size = file->size().count;
  if (size < 512) file->refuse("it is smaller than one sector");
  const std::string head = read_text(*file, 0, 512);
  const std::string tail = read_text(*file, size - 512, 512);
  const bool is_vhd = tail.starts_with(kVhdCookie);
  const bool is_qcow2 = head.starts_with(kQcow2Magic);
  const bool is_vhdx = head.starts_with(kVhdxSignature);
  // A guest can write the first sectors of its disk, so a fixed VHD can carry another's mark.
  if (is_vhd + is_qcow2 + is_vhdx > 1) {
    file->refuse("it has the marks of more than one image format");
  }
  if (is_vhd) return open_vhd(std::move(file), tail);
  if (is_qcow2) return open_qcow2(std::move(file));
  if (is_vhdx) return open_vhdx(std::move(file));
  if (head.starts_with(kVhdCookie)) {
    DiskImage image = open_vhd(std::move(file), head);
    image.facts.problems.emplace_back("the VHD footer at the end of the file is not there");
    return image;
  }
  if (size % 512 != 0) {
    file->refuse("a raw disk is a whole number of 512-byte sectors, and its size is not");
  }
  DiskImage image;
  image.facts.file_size = image.facts.virtual_size = file->size();
  image.disk = std::move(file);
  return image;
}

}  // namespace composer::inspect
