#include "composer/image/vhd_footer.h"

#include <algorithm>
#include <limits>

#include "composer/image/big_endian.h"
#include "composer/plan/identity.h"

namespace composer::image {
namespace {

constexpr std::size_t kChecksumAt = 64;

// `win ` is what Hyper-V writes. Readers use the creator to choose between the geometry and the
// current size: qemu takes the current size for `win `, `qem2`, `d2v `, `tap` and `CTXS` alone, and
// the geometry, which is short by up to a cylinder, for `vpc `, `qemu` and everything unknown.
// `qem2` is qemu's own and known to fewer readers, so Hyper-V's is the one that everybody takes
// exactly.
constexpr std::string_view kCreatorApplication = "win ";
constexpr std::uint32_t kCreatorVersion = 0x000a0000;  // 10.0, Hyper-V's since Server 2016.
constexpr std::string_view kCreatorHost = "Wi2k";      // Windows; the other value is Macintosh.

constexpr std::uint32_t kFeatureReserved = 2;  // "must always be set to 1" in the specification.
constexpr std::uint32_t kFileFormatVersion = 0x00010000;
constexpr std::uint32_t kFixedDisk = 2, kDynamicDisk = 3;
constexpr std::int64_t kEpoch2000 = 946'684'800;  // 2000-01-01 00:00 UTC in seconds since 1970.

std::string uuid_bytes(std::string_view text) {
  std::string bytes;
  const auto digit = [](char c) {
    return static_cast<unsigned>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
  };
  for (std::size_t i = 0; i + 1 < text.size(); ++i) {
    if (text[i] == '-') continue;
    bytes += static_cast<char>(digit(text[i]) << 4 | digit(text[i + 1]));
    ++i;
  }
  bytes.resize(16);
  return bytes;
}

}  // namespace

VhdGeometry vhd_geometry(std::uint64_t sectors) {
  sectors = std::min<std::uint64_t>(sectors, 65535ULL * 16 * 255);
  std::uint64_t per_track = 0, heads = 0, tracks = 0;
  const auto choose = [&](std::uint64_t track_sectors, std::uint64_t head_count) {
    per_track = track_sectors;
    heads = head_count;
    tracks = sectors / per_track;
  };
  if (sectors >= 65535ULL * 16 * 63) {
    choose(255, 16);
  } else {
    choose(17, 0);
    heads = std::max<std::uint64_t>((tracks + 1023) / 1024, 4);
    if (tracks >= heads * 1024 || heads > 16) choose(31, 16);
    if (tracks >= heads * 1024) choose(63, 16);
  }
  return {static_cast<std::uint16_t>(tracks / heads), static_cast<std::uint8_t>(heads),
          static_cast<std::uint8_t>(per_track)};
}

std::uint32_t vhd_checksum(std::string_view block, std::size_t checksum_at) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < block.size(); ++i) {
    if (i < checksum_at || i >= checksum_at + 4) sum += static_cast<unsigned char>(block[i]);
  }
  return ~sum;
}

std::uint32_t vhd_time(std::int64_t seconds_since_1970) {
  constexpr std::int64_t kLatest = std::numeric_limits<std::uint32_t>::max();
  return static_cast<std::uint32_t>(
      std::clamp(seconds_since_1970, kEpoch2000, kEpoch2000 + kLatest) - kEpoch2000);
}

std::string encode(const VhdFooter& footer) {
  const bool fixed = footer.type == VhdType::fixed;
  const VhdGeometry geometry = vhd_geometry(footer.size.count / 512);
  std::string block(kVhdFooterSize, '\0');
  block.replace(0, 8, "conectix");
  put_big_endian(block, 8, kFeatureReserved);
  put_big_endian(block, 12, kFileFormatVersion);
  // Where the dynamic disk header is: after the footer's copy. A fixed disk has none.
  put_big_endian(block, 16, fixed ? ~std::uint64_t{0} : kVhdFooterSize);
  put_big_endian(block, 24, footer.made);
  block.replace(28, 4, kCreatorApplication);
  put_big_endian(block, 32, kCreatorVersion);
  block.replace(36, 4, kCreatorHost);
  put_big_endian(block, 40, footer.size.count);
  put_big_endian(block, 48, footer.size.count);
  put_big_endian(block, 56, geometry.cylinders);
  put_big_endian(block, 58, geometry.heads);
  put_big_endian(block, 59, geometry.sectors);
  put_big_endian(block, 60, fixed ? kFixedDisk : kDynamicDisk);
  block.replace(68, 16, uuid_bytes(footer.uuid));
  // Byte 84, "saved state", and the reserved rest stay zero.
  put_big_endian(block, kChecksumAt, vhd_checksum(block));
  return block;
}

std::string planned_vhd_footer(const Plan& plan, Bytes size) {
  const std::string uuid = derived_uuid(plan.identity_seed, "vhd");
  return encode({size, vhd_time(plan.source_date_epoch), uuid, VhdType::fixed});
}

std::string planned_dynamic_vhd_footer(const Plan& plan, Bytes size) {
  // Another disk than the fixed one of the same build, if both meet in one machine.
  const std::string uuid = derived_uuid(plan.identity_seed, "vhd-dynamic");
  return encode({size, vhd_time(plan.source_date_epoch), uuid, VhdType::dynamic});
}

}  // namespace composer::image
