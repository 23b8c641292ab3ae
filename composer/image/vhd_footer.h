#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "composer/plan.h"
#include "composer/units.h"

// The footer of Microsoft's "Virtual Hard Disk Image Format Specification" 1.0: a fixed VHD is the
// disk's bytes followed by it, and a dynamic one (vhd_dynamic.h) has it at both ends.
// docs/formats/vhd.md has the fields and a worked example.

namespace composer::image {

inline constexpr std::uint64_t kVhdFooterSize = 512;

/// Hyper-V's and Azure's limit on a VHD; the format itself ends at 2^32 sectors.
inline constexpr Bytes kVhdLargestDisk = GiB(2040);

/// Cylinders, heads and sectors per track. Only Virtual PC and very old readers look at them.
struct VhdGeometry {
  std::uint16_t cylinders = 0;
  std::uint8_t heads = 0;
  std::uint8_t sectors = 0;

  friend bool operator==(const VhdGeometry&, const VhdGeometry&) = default;
};

/// The geometry for a disk of so many sectors of 512 bytes. It describes at most the disk, usually
/// a little less. Source: the specification's appendix "CHS Calculation".
VhdGeometry vhd_geometry(std::uint64_t sectors);

enum class VhdType { fixed, dynamic };

/// What a footer says beside its constants.
struct VhdFooter {
  Bytes size;               ///< Original and current size.
  std::uint32_t made = 0;   ///< Seconds since 2000-01-01 00:00 UTC.
  std::string_view uuid{};  ///< 36 characters, as derived_uuid writes it.
  VhdType type = VhdType::fixed;
};

/// The footer's 512 bytes, checksum included.
std::string encode(const VhdFooter& footer);

/// The specification's checksum of the footer, and of the dynamic disk header: the complement of
/// the sum of all bytes but the four of the checksum itself, which are at `checksum_at`.
std::uint32_t vhd_checksum(std::string_view block, std::size_t checksum_at = 64);

/// Seconds since 1970 as a VHD time stamp; what lies outside its range becomes the nearest in it.
std::uint32_t vhd_time(std::int64_t seconds_since_1970);

/// The footers of the plan's disk: their UUIDs come from the identity seed and their time stamp
/// from source_date_epoch, so that two builds agree on them.
std::string planned_vhd_footer(const Plan& plan, Bytes size);
std::string planned_dynamic_vhd_footer(const Plan& plan, Bytes size);

}  // namespace composer::image
