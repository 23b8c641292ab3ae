#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "composer/blueprint.h"

namespace composer {

/// What the UUIDs of a blueprint's images are derived from: its `identity_seed`, else its name,
/// version and architecture.
std::string identity_seed_of(const Blueprint& blueprint);

/// A UUID that depends on nothing but its arguments: the first 16 bytes of
/// SHA-256(seed, NUL, purpose) with version 8 and RFC 9562's variant; lower case.
std::string derived_uuid(std::string_view seed, std::string_view purpose);

/// 32 bits of the same digest, for MBR disk ids and FAT volume ids; never zero.
std::uint32_t derived_id(std::string_view seed, std::string_view purpose);

}  // namespace composer
