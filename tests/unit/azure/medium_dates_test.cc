#include "composer/azure/medium_dates.h"

#include <catch2/catch.hpp>

#include "composer/azure/provisioning_media.h"
#include "composer/base/file_descriptor.h"
#include "composer/host/process.h"

#include "tests/support/scratch_folder.h"
#include "tests/unit/azure/sample.h"

using namespace composer;
using namespace composer::azure;

namespace {

constexpr std::size_t kSector = 2048;
const std::string kSettled("\x00\x10\xe4\x07\x01\x01\x00\x00\x00\x00\x00\x00", 12);
const std::string kToday("\x3c\x10\xea\x07\x0b\x1c\x07\x15\x2a\x01\x02\x03", 12);

/// A logical volume integrity descriptor of 2026-11-28 that says to be in sector 0, with its
/// checksums (computed by Python's binascii.crc_hqx and sum).
std::string integrity() {
  std::string sector(kSector, '\0');
  sector.replace(0, 16,
                 std::string("\x09\x00\x02\x00\xe8\x00\x00\x00\xdf\xf2\x0c\x00\0\0\0\0", 16));
  sector.replace(16, 12, kToday);
  return sector;
}

}  // namespace

TEST_CASE("the dates of a provisioning medium are not today's") {
  const composer::test::ScratchFolder folder;
  SilentProgress silent;
  const auto path = make_provisioning_media(azure::test::sample(), folder.path(), silent);
  const std::string medium = read_file(path);
  const auto date = [&](std::size_t sector, std::size_t offset) {
    return medium.substr(sector * kSector + offset, 12);
  };
  // Where genisoimage 1.1.11 puts them: both volume descriptor sequences, integrity, file set, the
  // root directory and the document.
  CHECK(date(32, 376) == kSettled);
  CHECK(date(48, 376) == kSettled);
  CHECK(date(64, 16) == kSettled);
  CHECK(date(257, 16) == kSettled);
  CHECK(date(259, 84) == kSettled);
  CHECK(date(261, 84) == kSettled);
  CHECK(medium.substr(16 * kSector + 813, 16) == "2020010100000000");
  CHECK(medium.substr(16 * kSector + 156 + 18, 3) == "\x78\x01\x01");
  // Still a medium that other people's tools take for what it is.
  const auto blkid = host::CommandRunner(silent).check(
      {{"blkid", "-p", "-o", "value", "-s", "TYPE", "-s", "LABEL", path.string()}, {}, {}});
  CHECK(blkid.standard_output == "provisioning\nudf\n");
}

TEST_CASE("a descriptor with a date gets the settled one, and checksums that fit") {
  std::string medium = integrity();
  settle_dates(medium);
  CHECK(medium.substr(16, 12) == kSettled);
  CHECK(medium.substr(8, 2) == "\x32\x19");
  CHECK(medium.substr(4, 1) == "\x62");
  const std::string once = medium;
  settle_dates(medium);
  CHECK(medium == once);
}

TEST_CASE("what is no descriptor is left alone") {
  std::string other_crc = integrity(), other_sum = integrity();
  other_crc[9] = static_cast<char>(other_crc[9] + 1);
  other_crc[4] = static_cast<char>(other_crc[4] + 1);  // The sum has the CRC in it.
  other_sum[4] = static_cast<char>(other_sum[4] + 1);
  // The same bytes in a sector that they do not name are a file's.
  const std::string elsewhere = std::string(kSector, '\0') + integrity();
  for (std::string medium : {other_crc, other_sum, elsewhere}) {
    const std::string before = medium;
    settle_dates(medium);
    CHECK(medium == before);
  }
}

TEST_CASE("a medium that is cut short is left alone where it ends") {
  for (const std::size_t size : {0u, 100u, 2048u, 17u * 2048u, 17u * 2048u + 5u}) {
    std::string medium(size, '\xff');
    if (size >= 17u * kSector) {
      medium.replace(16 * kSector, 6,
                     "\x01"
                     "CD001");
    }
    settle_dates(medium);
    CHECK(medium.size() == size);
  }
}
