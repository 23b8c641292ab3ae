#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace composer::azure {

/// A deployment's certificate with its private key, as the wire server hands it to a guest: a
/// PKCS #12 file without password, enveloped (CMS) for the transport key that the guest made, so
/// that only this guest can read it.
class TenantCertificate {
 public:
  /// Makes an RSA key of 2048 bits. @throws Error when OpenSSL cannot.
  TenantCertificate();
  ~TenantCertificate();
  TenantCertificate(TenantCertificate&&) noexcept;
  TenantCertificate& operator=(TenantCertificate&&) noexcept;

  /// @param transport_certificate  Base64 of an X.509 certificate (DER), as the guest sends it in
  ///                               x-ms-guest-agent-public-x509-cert; hostile.
  /// @return base64 of the enveloped data (DER) in lines; nothing when it is no such certificate.
  std::optional<std::string> seal_for(std::string_view transport_certificate) const;

 private:
  struct Keys;
  std::unique_ptr<Keys> keys_;
};

}  // namespace composer::azure
