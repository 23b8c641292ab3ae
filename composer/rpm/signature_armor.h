#pragma once

#include <string>
#include <string_view>
#include <vector>

// OpenPGP's ASCII armour (RFC 4880 chapter 6, RFC 9580 6.1). librpm 4.18 reads that of public keys
// alone, and only with a CRC, which newer programs no longer write.

namespace composer::rpm {

inline constexpr std::string_view kArmorPublicKey = "PGP PUBLIC KEY BLOCK";
inline constexpr std::string_view kArmorSignature = "PGP SIGNATURE";

/// The packets of every armoured block of `kind` in a text; other blocks are passed over. A block
/// that is cut short, is not base64 or contradicts its CRC is passed over too.
std::vector<std::string> read_armor(std::string_view text, std::string_view kind);

/// The armoured text of `packets`: no header lines, 64 columns, with CRC.
std::string write_armor(std::string_view packets, std::string_view kind);

}  // namespace composer::rpm
