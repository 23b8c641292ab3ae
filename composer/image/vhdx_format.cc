#include "composer/image/vhdx_format.h"

#include <algorithm>

#include "composer/image/crc32c.h"
#include "composer/image/little_endian.h"

namespace composer::image::vhdx {
namespace {

constexpr std::size_t kHeaderSize = 4096, kTableSize = 64 << 10, kChecksumAt = 4;
constexpr std::uint32_t kRequired = 1;  // Of a region.

constexpr std::string_view kBatRegion = "2dc27766-f623-4200-9d64-115e9bfd4a08";
constexpr std::string_view kMetadataRegion = "8b7ca206-4790-4b9a-b8fe-575f050f886e";
constexpr std::string_view kFileParameters = "caa16737-fa36-4d43-b3b6-33f0aa44e76b";
constexpr std::string_view kDiskSize = "2fa54224-cd1b-4876-b211-5dbed83bf4b8";
constexpr std::string_view kDiskId = "beca12ab-b2e6-4523-93ef-c309e000c746";
constexpr std::string_view kLogicalSector = "8141bf1d-a96f-4709-ba47-f233a8faab5f";
constexpr std::string_view kPhysicalSector = "cda348c7-445d-4471-9cc9-e9885251c556";

/// Fills in the checksum of a structure that begins with a signature and then has it.
void seal(std::string& block) {
  put_little_endian(block, kChecksumAt, crc32c(block));
}

/// The table of items, with their values after it.
class MetadataRegion {
 public:
  MetadataRegion() : bytes_(kTableSize, '\0') { bytes_.replace(0, 8, "metadata"); }

  // 2.6.1.2: whether the item is of the virtual disk rather than of the file.
  enum class Of { file, disk };

  void add(std::string_view guid, const std::string& value, Of of) {
    constexpr std::uint32_t kIsVirtualDisk = 2, kIsRequired = 4;
    const std::size_t at = 32 + std::size_t{32} * count_++;
    bytes_.replace(at, 16, guid_bytes(guid));
    put_little_endian(bytes_, at + 16, static_cast<std::uint32_t>(bytes_.size()));
    put_little_endian(bytes_, at + 20, static_cast<std::uint32_t>(value.size()));
    put_little_endian(bytes_, at + 24, kIsRequired | (of == Of::disk ? kIsVirtualDisk : 0));
    bytes_ += value;
  }

  std::string finish() && {
    put_little_endian(bytes_, 10, count_);
    return std::move(bytes_);
  }

 private:
  std::string bytes_;
  std::uint16_t count_ = 0;
};

template <std::unsigned_integral T>
std::string little_endian_text(T value) {
  std::string text(sizeof(T), '\0');
  put_little_endian(text, 0, value);
  return text;
}

}  // namespace

std::uint64_t Parameters::bat_size() const {
  // 2.5: no entry of a bitmap after the last block of a disk without a parent.
  const std::uint64_t entries = blocks() == 0 ? 1 : bat_index(blocks() - 1) + 1;
  return (entries * 8 + kMebi - 1) / kMebi * kMebi;
}

std::uint32_t block_size_for(std::uint64_t disk_size) {
  constexpr std::uint64_t kMostBlocks = 2 << 20;
  std::uint64_t size = kMebi;
  while (disk_size > size * kMostBlocks) size *= 2;
  return static_cast<std::uint32_t>(size);
}

std::string encode_identifier() {
  std::string block(512 + 8, '\0');
  block.replace(0, 8, "vhdxfile");
  // The creator is UTF-16.
  std::size_t at = 8;
  for (const char c : std::string_view("image-composer")) {
    block[at] = c;
    at += 2;
  }
  return block;
}

std::string encode_header(const Parameters& parameters, std::uint64_t sequence) {
  std::string block(kHeaderSize, '\0');
  block.replace(0, 4, "head");
  put_little_endian(block, 8, sequence);
  block.replace(16, 16, guid_bytes(parameters.file_write_id));
  block.replace(32, 16, guid_bytes(parameters.data_write_id));
  // 48: a log GUID of zero says that there is nothing to replay; 64: log version 0.
  put_little_endian(block, 66, std::uint16_t{1});  // Version.
  put_little_endian(block, 68, static_cast<std::uint32_t>(kMebi));
  put_little_endian(block, 72, kLogAt);
  seal(block);
  return block;
}

std::string encode_region_table(const Parameters& parameters) {
  std::string block(kTableSize, '\0');
  block.replace(0, 4, "regi");
  put_little_endian(block, 8, std::uint32_t{2});
  const auto add = [&](std::size_t at, std::string_view guid, std::uint64_t offset,
                       std::uint64_t size) {
    block.replace(at, 16, guid_bytes(guid));
    put_little_endian(block, at + 16, offset);
    put_little_endian(block, at + 24, static_cast<std::uint32_t>(size));
    put_little_endian(block, at + 28, kRequired);
  };
  add(16, kBatRegion, kBatAt, parameters.bat_size());
  add(48, kMetadataRegion, kMetadataAt, kMebi);
  seal(block);
  return block;
}

std::string encode_metadata(const Parameters& parameters) {
  using Of = MetadataRegion::Of;
  MetadataRegion region;
  // Neither "leave blocks allocated", as a fixed disk has it, nor a parent.
  region.add(kFileParameters,
             little_endian_text(parameters.block_size) + little_endian_text(std::uint32_t{0}),
             Of::file);
  region.add(kDiskSize, little_endian_text(parameters.disk_size), Of::disk);
  region.add(kDiskId, guid_bytes(parameters.disk_id), Of::disk);
  region.add(kLogicalSector, little_endian_text(parameters.logical_sector), Of::disk);
  region.add(kPhysicalSector, little_endian_text(parameters.physical_sector), Of::disk);
  return std::move(region).finish();
}

std::string guid_bytes(std::string_view text) {
  const auto digit = [](char c) {
    return static_cast<unsigned>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
  };
  std::string bytes;
  for (std::size_t i = 0; i + 1 < text.size(); ++i) {
    if (text[i] == '-') continue;
    bytes += static_cast<char>(digit(text[i]) << 4 | digit(text[i + 1]));
    ++i;
  }
  bytes.resize(16);
  std::reverse(bytes.begin(), bytes.begin() + 4);
  std::reverse(bytes.begin() + 4, bytes.begin() + 6);
  std::reverse(bytes.begin() + 6, bytes.begin() + 8);
  return bytes;
}

}  // namespace composer::image::vhdx
