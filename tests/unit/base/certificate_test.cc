#include "composer/base/certificate.h"

#include <catch2/catch.hpp>

#include "tests/support/certificates.h"

using namespace composer;
using test::kAuthority;
using test::kServer;

namespace {

std::string mistake(const std::string& text) {
  const auto found = mistake_in_certificates(text);
  return found ? found->what + " [" + found->hint + "]" + (found->secret ? " secret" : "") : "none";
}

}  // namespace

TEST_CASE("authorities are taken, alone, in a bundle and with comments between them") {
  CHECK(mistake(kAuthority) == "none");
  CHECK(mistake("# Lab\n" + kAuthority + "\n# once more\n" + kAuthority) == "none");
}

TEST_CASE("what is no certificate of an authority is refused") {
  CHECK(mistake("") ==
        "this is no PEM certificate [export it as PEM: 'openssl x509 -inform der -in FILE']");
  CHECK(mistake(std::string("\x30\x82\x01\x96", 4)).starts_with("this is no PEM certificate"));
  CHECK(mistake(kServer) ==
        "certificate 1 is not one of an authority [give the certificate of the authority that "
        "signed it]");
  CHECK(mistake(kAuthority + kServer).starts_with("certificate 2 is not one of an authority"));
  CHECK(mistake("-----BEGIN CERTIFICATE REQUEST-----\nx\n-----END CERTIFICATE REQUEST-----\n") ==
        "this holds 'CERTIFICATE REQUEST', not only certificates [give certificates alone]");
}

TEST_CASE("a certificate that is cut short or damaged is refused") {
  const std::string whole = "[copy the whole file, from its BEGIN to its END line]";
  CHECK(mistake(kAuthority.substr(0, 300)) == "certificate 1 has no END line " + whole);
  std::string damaged = kAuthority;
  damaged.erase(100, 70);
  CHECK(mistake(damaged) == "certificate 1 cannot be read " + whole);
}

TEST_CASE("a private key is refused without being shown") {
  for (const char* kind : {"PRIVATE KEY", "RSA PRIVATE KEY", "ENCRYPTED PRIVATE KEY"}) {
    const std::string key =
        std::string("-----BEGIN ") + kind + "-----\nx\n-----END " + kind + "-----\n";
    CHECK(mistake(kAuthority + key) ==
          "this is a private key, which must never be in an image [give the certificate alone, and "
          "consider the private key as known to others] secret");
  }
}
