#include <fmt/format.h>

#include "composer/lint/checks.h"
#include "composer/lint/config_text.h"
#include "composer/lint/subject.h"

// Groups 1 to 5, and the size of artefacts: what is known of the file without looking into its
// disk.

namespace composer::lint {
namespace {

constexpr std::size_t kFooterSize = 512;
// Offsets and values: Virtual Hard Disk Image Format Specification 1.0, "Hard Disk Footer Format".
constexpr std::size_t kFeatures = 8, kVersion = 12, kDataOffset = 16, kCreator = 28,
                      kOriginalSize = 40, kCurrentSize = 48, kDiskType = 60, kChecksum = 64;

std::uint64_t big_endian(std::string_view bytes, std::size_t at, std::size_t size) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i) {
    value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  }
  return value;
}

std::uint32_t checksum_of(std::string_view footer) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < kFooterSize; ++i) {
    if (i < kChecksum || i >= kChecksum + 4) sum += static_cast<unsigned char>(footer[i]);
  }
  return ~sum;
}

bool is_vhd(const ImageFile& file) {
  return file.format == FileFormat::vhd_fixed || file.format == FileFormat::vhd_dynamic;
}

Verdict no_fixed_vhd(const ImageFile& file) {
  return inapplicable(fmt::format("the image is no fixed VHD but a {}", to_text(file.format)));
}

}  // namespace

Verdict check_vhd_footer(const Examination& examination) {
  const ImageFile& file = *examination.subject.file;
  if (file.format != FileFormat::vhd_fixed) return no_fixed_vhd(file);
  const std::string& footer = file.footer;
  if (footer.size() != kFooterSize) return failed("the file is too short for a footer");
  std::vector<std::string> found;
  if (!footer.starts_with("conectix")) found.emplace_back("the cookie is not 'conectix'");
  if ((big_endian(footer, kFeatures, 4) & 2) == 0) {
    found.emplace_back("bit 1 of the features, which is always set, is not");
  }
  if (const auto version = big_endian(footer, kVersion, 4); version != 0x00010000) {
    found.push_back(fmt::format("the format version is 0x{:08X}, not 0x00010000", version));
  }
  if (const auto offset = big_endian(footer, kDataOffset, 8); offset != ~std::uint64_t{0}) {
    found.push_back(fmt::format("the data offset of a fixed disk is 0x{:X}, not all ones", offset));
  }
  if (const auto type = big_endian(footer, kDiskType, 4); type != 2) {
    found.push_back(fmt::format("the disk type is {}, not 2 (fixed)", type));
  }
  const auto original = big_endian(footer, kOriginalSize, 8);
  const auto current = big_endian(footer, kCurrentSize, 8);
  if (original != current) {
    found.push_back(
        fmt::format("the original size is {} bytes and the current size {}", original, current));
  }
  const auto stored = big_endian(footer, kChecksum, 4);
  if (stored != checksum_of(footer)) {
    found.push_back(fmt::format("the checksum is 0x{:08X}, that of the footer 0x{:08X}", stored,
                                checksum_of(footer)));
  }
  return failed_if(std::move(found));
}

Verdict check_vhd_whole_mebibytes(const Examination& examination) {
  const ImageFile& file = *examination.subject.file;
  if (file.format != FileFormat::vhd_fixed) return no_fixed_vhd(file);
  const std::uint64_t over = file.virtual_size.count % MiB(1).count;
  if (over == 0) return passed();
  return failed(fmt::format("the virtual size is {} bytes, {} bytes over a whole MiB",
                            file.virtual_size.count, over));
}

Verdict check_vhd_file_length(const Examination& examination) {
  const ImageFile& file = *examination.subject.file;
  if (file.format != FileFormat::vhd_fixed) return no_fixed_vhd(file);
  const Bytes wanted = file.virtual_size + Bytes{kFooterSize};
  if (file.size == wanted) return passed();
  return failed(
      fmt::format("the file has {} bytes, its disk and footer {}", file.size.count, wanted.count));
}

Verdict check_disk_size_limits(const Examination& examination) {
  const ImageFile& file = *examination.subject.file;
  if (file.virtual_size.count == 0) return inapplicable("the image has no disk");
  const bool first = examination.profiles.has(LintProfile::azure_gen1);
  const Bytes most = first ? TiB(2) : TiB(4);
  if (file.virtual_size < MiB(20)) {
    return failed(fmt::format("the disk has {}", to_text(file.virtual_size)));
  }
  if (file.virtual_size > most) {
    return failed(
        fmt::format("the disk has {}, more than {}", to_text(file.virtual_size), to_text(most)));
  }
  return passed();
}

Verdict check_disk_size_marketplace(const Examination& examination) {
  const ImageFile& file = *examination.subject.file;
  if (file.virtual_size.count == 0) return inapplicable("the image has no disk");
  if (file.virtual_size <= GiB(1023)) return passed();
  return failed(fmt::format("the disk has {}", to_text(file.virtual_size)));
}

Verdict check_image_format(const Examination& examination) {
  const ImageFile& file = *examination.subject.file;
  const bool azure =
      examination.profiles.meets(Profiles{LintProfile::azure_gen1, LintProfile::azure_gen2,
                                          LintProfile::trusted_launch, LintProfile::confidential});
  if (file.format == FileFormat::vhd_fixed) return passed();
  if (!azure && (file.format == FileFormat::vhd_dynamic || file.format == FileFormat::vhdx)) {
    return passed();
  }
  return failed(fmt::format("the image is a {}", to_text(file.format)));
}

Verdict check_vhd_creator(const Examination& examination) {
  const ImageFile& file = *examination.subject.file;
  if (!is_vhd(file)) return no_fixed_vhd(file);
  if (file.footer.size() != kFooterSize) return skipped("the footer could not be read");
  const std::string_view creator = std::string_view(file.footer).substr(kCreator, 4);
  // QEMU 9.2, block/vpc.c: those whose current size it trusts.
  for (const std::string_view known :
       {std::string_view("win "), std::string_view("qem2"), std::string_view("d2v "),
        std::string_view("tap\0", 4), std::string_view("CTXS"), std::string_view("wa\0\0", 4)}) {
    if (creator == known) return passed();
  }
  return failed(fmt::format("the creator is '{}'", shown(creator)));
}

Verdict check_artefact_size(const Examination& examination) {
  const ImageFile& file = *examination.subject.file;
  if (file.format == FileFormat::directory) return inapplicable("a directory is no artefact");
  const Bytes most = examination.profiles.has(LintProfile::container) ? MiB(200) : MiB(300);
  if (file.size <= most) return passed();
  return failed(fmt::format("the file has {}, more than {}", to_text(file.size), to_text(most)));
}

}  // namespace composer::lint
