#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace composer {

/// Why a text is no list of CA certificates, and what to do about it.
struct CertificateMistake {
  std::string what, hint;
  bool secret = false;  ///< It holds a private key, so that it must not be shown.
};

/// Checks that a PEM text holds certificates, at least one, each of which can be read and may sign
/// others, and nothing else but comments between them (RFC 7468). Expiry is not looked at: a plan
/// does not depend on the day it is made.
std::optional<CertificateMistake> mistake_in_certificates(std::string_view text);

}  // namespace composer
