#include "composer/plan/identity.h"

#include <fmt/format.h>

#include "composer/base/checksum.h"

namespace composer {
namespace {

std::string derived_bytes(std::string_view seed, std::string_view purpose) {
  Hasher hasher(HashAlgorithm::sha256);
  hasher.update(seed);
  hasher.update(std::string_view("\0", 1));
  hasher.update(purpose);
  return hasher.finish();
}

}  // namespace

std::string identity_seed_of(const Blueprint& blueprint) {
  if (blueprint.identity_seed) return blueprint.identity_seed->value;
  return fmt::format("{}/{}/{}", blueprint.name.value, blueprint.version.value,
                     to_text(blueprint.arch.value));
}

std::string derived_uuid(std::string_view seed, std::string_view purpose) {
  std::string bytes = derived_bytes(seed, purpose).substr(0, 16);
  bytes[6] = static_cast<char>((bytes[6] & 0x0f) | 0x80);  // Version 8: vendor-defined.
  bytes[8] = static_cast<char>((bytes[8] & 0x3f) | 0x80);  // RFC 9562's variant.
  const std::string hex = to_hex(bytes);
  return fmt::format("{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4),
                     hex.substr(16, 4), hex.substr(20));
}

std::uint32_t derived_id(std::string_view seed, std::string_view purpose) {
  std::uint32_t id = 0;
  for (const unsigned char c : derived_bytes(seed, purpose).substr(0, 4)) id = id << 8 | c;
  return id ? id : 1;
}

}  // namespace composer
