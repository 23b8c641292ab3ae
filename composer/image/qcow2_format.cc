#include "composer/image/qcow2_format.h"

#include "composer/image/big_endian.h"

namespace composer::image::qcow2 {
namespace {

constexpr std::uint32_t kHeaderLength = 112;
constexpr std::uint64_t kIncompatibleCompressionType = 1ULL << 3;
constexpr std::uint32_t kFeatureNameTable = 0x6803f857;

}  // namespace

std::string encode(const Header& header) {
  const bool zstd =
      header.compression == Compression::zstd || header.compression == Compression::zstd_fast;
  std::string block(kHeaderLength, '\0');
  block.replace(0, 4, "QFI\xfb");
  put_big_endian(block, 4, std::uint32_t{3});
  // 8, 16: no backing file.
  put_big_endian(block, 20, static_cast<std::uint32_t>(kClusterBits));
  put_big_endian(block, 24, header.virtual_size);
  // 32: no encryption.
  put_big_endian(block, 36, static_cast<std::uint32_t>(l1_entries(header.virtual_size)));
  put_big_endian(block, 40, header.l1_offset);
  put_big_endian(block, 48, header.refcount_table_offset);
  put_big_endian(block, 56, header.refcount_table_clusters);
  // 60, 64: no snapshots.
  put_big_endian(block, 72, zstd ? kIncompatibleCompressionType : 0);
  // 80, 88: no compatible and no autoclear features; refcounts are exact, never lazy.
  put_big_endian(block, 96, std::uint32_t{4});  // Refcounts of 1 << 4 bits.
  put_big_endian(block, 100, kHeaderLength);
  block[104] = zstd ? 1 : 0;
  if (zstd) {
    // A reader older than zstd (QEMU 5.1) can then say what it is that it does not know.
    std::string extension(8 + 48, '\0');
    put_big_endian(extension, 0, kFeatureNameTable);
    put_big_endian(extension, 4, std::uint32_t{48});
    extension[8] = 0;  // Incompatible,
    extension[9] = 3;  // bit 3.
    extension.replace(10, 16, "compression type");
    block += extension;
  }
  return block.append(8, '\0');  // The end of the extensions.
}

std::uint64_t l1_entries(std::uint64_t virtual_size) {
  return (virtual_size + kL2Reach - 1) / kL2Reach;
}

std::uint64_t compressed_entry(std::uint64_t offset, std::uint64_t size) {
  // Bits 0 to 53 are the offset, bits 54 to 61 the sectors of 512 bytes beyond the first that the
  // data touches, bit 62 says compressed. The split depends on the cluster size: 62 - (16 - 8).
  constexpr int kSectorsAt = 62 - (static_cast<int>(kClusterBits) - 8);
  const std::uint64_t sectors = (offset + size - 1) / 512 - offset / 512;
  return 1ULL << 62 | sectors << kSectorsAt | offset;
}

}  // namespace composer::image::qcow2
