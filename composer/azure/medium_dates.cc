#include "composer/azure/medium_dates.h"

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace composer::azure {
namespace {

constexpr std::size_t kSector = 2048;
constexpr std::size_t kTag = 16;
/// genisoimage's partition begins after the anchor; descriptors in it count from there.
constexpr std::uint32_t kPartition = 257;

/// ECMA-167: local time, zero minutes from UTC; 2020-01-01.
constexpr std::string_view kUdfDate("\x00\x10\xe4\x07\x01\x01\x00\x00\x00\x00\x00\x00", 12);
/// ECMA-119, 8.4.26.1: digits, and quarters of an hour from UTC.
constexpr std::string_view kVolumeDate("2020010100000000\x00", 17);
/// ECMA-119, 9.1.5: years since 1900, …, quarters of an hour from UTC.
constexpr std::string_view kRecordDate("\x78\x01\x01\x00\x00\x00\x00", 7);
/// The first sixteen characters of a volume set's name must be unlike those of other volumes that
/// are in use; a guest has this one.
constexpr std::string_view kVolumeSet = "2020010100000000";

std::uint32_t number(std::string_view text, std::size_t at, std::size_t size) {
  std::uint32_t value = 0;
  for (std::size_t i = size; i-- > 0;)
    value = value << 8 | static_cast<unsigned char>(text[at + i]);
  return value;
}

/// CRC-16 of ITU-T V.41 (polynomial 0x1021, from zero).
std::uint16_t checksum(std::string_view bytes) {
  std::uint32_t crc = 0;
  for (const char byte : bytes) {
    crc ^= static_cast<std::uint32_t>(static_cast<unsigned char>(byte)) << 8;
    for (int i = 0; i < 8; ++i) crc = (crc << 1 ^ ((crc & 0x8000u) != 0 ? 0x1021u : 0u)) & 0xffffu;
  }
  return static_cast<std::uint16_t>(crc);
}

unsigned char tag_sum(std::string_view sector) {
  unsigned sum = 0;
  for (std::size_t i = 0; i < kTag; ++i) sum += i == 4 ? 0 : static_cast<unsigned char>(sector[i]);
  return static_cast<unsigned char>(sum);
}

void put(std::string& medium, std::size_t at, std::string_view bytes) {
  medium.replace(at, bytes.size(), bytes);
}

/// Offsets of the timestamps in a descriptor; none for one that has no date.
std::initializer_list<std::size_t> dates_of(std::uint32_t descriptor) {
  static constexpr std::initializer_list<std::size_t> kPrimary = {376}, kRecording = {16},
                                                      kFile = {72, 84, 96}, kNone = {};
  switch (descriptor) {
    case 1:
      return kPrimary;  // Primary volume descriptor.
    case 9:
    case 256:
      return kRecording;  // Logical volume integrity, file set.
    case 261:
      return kFile;  // Access, modification, attributes.
    default:
      return kNone;
  }
}

void settle_udf(std::string& medium, std::size_t at) {
  const std::string_view sector = std::string_view(medium).substr(at, kSector);
  const std::uint32_t descriptor = number(sector, 0, 2), size = number(sector, 10, 2);
  const std::uint32_t place = number(sector, 12, 4),
                      here = static_cast<std::uint32_t>(at / kSector);
  if (size > kSector - kTag || (place != here && place + kPartition != here) ||
      static_cast<unsigned char>(sector[4]) != tag_sum(sector) ||
      number(sector, 8, 2) != checksum(sector.substr(kTag, size)) ||
      dates_of(descriptor).size() == 0) {
    return;
  }
  for (const std::size_t offset : dates_of(descriptor)) put(medium, at + offset, kUdfDate);
  if (descriptor == 1) put(medium, at + 73, kVolumeSet);
  const std::uint16_t sum = checksum(std::string_view(medium).substr(at + kTag, size));
  medium[at + 8] = static_cast<char>(sum & 0xff);
  medium[at + 9] = static_cast<char>(sum >> 8);
  medium[at + 4] = static_cast<char>(tag_sum(std::string_view(medium).substr(at, kTag)));
}

/// The records of one sector of an ISO 9660 directory.
void settle_directory(std::string& medium, std::size_t at) {
  const std::size_t end = at + kSector;
  while (at + 34 <= end && end <= medium.size()) {
    const std::size_t size = static_cast<unsigned char>(medium[at]);
    if (size < 34 || at + size > end) return;
    put(medium, at + 18, kRecordDate);
    at += size;
  }
}

/// The primary volume descriptor of ISO 9660, in sector 16, and the root directory that it names;
/// our media have one sector of it, and no other directory.
void settle_iso(std::string& medium) {
  const std::size_t at = 16 * kSector;
  if (medium.size() < at + kSector || std::string_view(medium).substr(at, 6) !=
                                          "\x01"
                                          "CD001")
    return;
  put(medium, at + 156 + 18, kRecordDate);
  for (const std::size_t offset : {813u, 830u, 864u}) put(medium, at + offset, kVolumeDate);
  settle_directory(medium, std::size_t{number(medium, at + 156 + 2, 4)} * kSector);
}

}  // namespace

void settle_dates(std::string& medium) {
  for (std::size_t at = 0; at + kSector <= medium.size(); at += kSector) settle_udf(medium, at);
  settle_iso(medium);
}

}  // namespace composer::azure
