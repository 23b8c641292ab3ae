#include "composer/output_format.h"

#include <iterator>

namespace composer {
namespace {

constexpr Compression kNever[] = {Compression::none};
constexpr Compression kRaw[] = {Compression::none, Compression::zstd};
constexpr Compression kAlwaysZstd[] = {Compression::zstd};
constexpr Compression kAlwaysGzip[] = {Compression::gzip};
constexpr Compression kLayer[] = {Compression::gzip, Compression::zstd, Compression::none};
constexpr Compression kCpio[] = {Compression::zstd, Compression::gzip, Compression::none};
constexpr Compression kQcow2[] = {Compression::zstd, Compression::zstd_fast, Compression::zlib,
                                  Compression::none};

constexpr OutputFormatFacts kFacts[] = {
    {OutputFormat::raw, ".raw", true, false, kRaw},
    {OutputFormat::vhd_fixed, ".vhd", true, false, kNever},
    {OutputFormat::vhd, ".vhd", true, false, kNever},
    {OutputFormat::vhdx, ".vhdx", true, false, kNever},
    {OutputFormat::qcow2, ".qcow2", true, false, kQcow2},
    {OutputFormat::cosi, ".cosi", true, false, kAlwaysZstd},
    {OutputFormat::directory, ".root", false, true, kNever},
    {OutputFormat::tar, ".tar", false, false, kNever},
    {OutputFormat::wsl, ".wsl", false, false, kAlwaysGzip},
    {OutputFormat::oci, ".oci", false, true, kLayer},
    {OutputFormat::oci_archive, ".oci.tar", false, false, kLayer},
    {OutputFormat::cpio, ".cpio", false, false, kCpio},
    {OutputFormat::kernel, ".vmlinuz", false, false, kNever},
};
static_assert(std::size(kFacts) == static_cast<int>(OutputFormat::kernel) + 1);
static_assert([] {
  for (std::size_t i = 0; i < std::size(kFacts); ++i) {
    if (static_cast<std::size_t>(kFacts[i].format) != i) return false;
  }
  return true;
}());

}  // namespace

const OutputFormatFacts& facts_of(OutputFormat format) {
  return kFacts[static_cast<std::size_t>(format)];
}

std::string_view extension_of(OutputFormat format, Compression compression) {
  if (format == OutputFormat::raw && compression == Compression::zstd) return ".raw.zst";
  if (format == OutputFormat::cpio && compression == Compression::zstd) return ".cpio.zst";
  if (format == OutputFormat::cpio && compression == Compression::gzip) return ".cpio.gz";
  return facts_of(format).extension;
}

bool is_made_of_disk(OutputFormat format) {
  return facts_of(format).of_disk;
}

std::optional<SectorRefusal> refuse_sector_size(SectorSize size) {
  if (size != SectorSize::native_4096) return std::nullopt;
  return SectorRefusal{
      "the disk is laid out in sectors of 512 bytes, and a machine that sees sectors of 4096 bytes "
      "finds neither its partition table nor its FAT filesystems",
      "write '512e': sectors of 4096 bytes inside, addressed by 512"};
}

}  // namespace composer
