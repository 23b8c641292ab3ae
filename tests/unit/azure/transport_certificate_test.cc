#include "composer/azure/transport_certificate.h"

#include <catch2/catch.hpp>

#include "composer/base/base64.h"
#include "composer/base/file_descriptor.h"
#include "composer/host/process.h"
#include "composer/progress.h"

#include "tests/support/scratch_folder.h"

using composer::azure::TenantCertificate;

namespace {

/// A transport key as agents make it, with the command that both have.
std::string make_transport_key(const std::filesystem::path& folder, const std::string& algorithm) {
  composer::SilentProgress progress;
  composer::host::CommandRunner(progress).check(
      {{"openssl", "req", "-x509", "-nodes", "-subj", "/CN=LinuxTransport", "-days", "730",
        "-newkey", algorithm, "-keyout", folder / "prv.pem", "-out", folder / "crt.pem"},
       {},
       {}});
  std::string text;
  const std::string pem = composer::read_file(folder / "crt.pem");
  for (std::size_t at = 0; at < pem.size();) {
    const std::size_t end = pem.find('\n', at);
    const std::string line = pem.substr(at, end - at);
    if (line.find("CERTIFICATE") == std::string::npos) text += line;
    at = end + 1;
  }
  return text;
}

}  // namespace

TEST_CASE("an agent opens its certificates with the commands that agents use") {
  composer::test::ScratchFolder folder;
  const TenantCertificate tenant;
  const auto sealed = tenant.seal_for(make_transport_key(folder.path(), "rsa:2048"));
  REQUIRE(sealed);
  composer::write_file_atomically(folder.path() / "Certificates.p7m",
                                  "MIME-Version: 1.0\n"
                                  "Content-Disposition: attachment; filename=\"Certificates.p7m\"\n"
                                  "Content-Type: application/x-pkcs7-mime; "
                                  "name=\"Certificates.p7m\"\n"
                                  "Content-Transfer-Encoding: base64\n\n" +
                                      *sealed);
  composer::SilentProgress progress;
  const auto opened = composer::host::CommandRunner(progress).check(
      {{"sh", "-c",
        "cd \"$1\" && openssl cms -decrypt -in Certificates.p7m -inkey prv.pem -recip crt.pem | "
        "openssl pkcs12 -nodes -password pass:",
        "sh", folder.path().string()},
       {},
       {}});
  CHECK(opened.standard_output.find("-----BEGIN PRIVATE KEY-----") != std::string::npos);
  CHECK(opened.standard_output.find("-----BEGIN CERTIFICATE-----") != std::string::npos);
  CHECK(opened.standard_output.find("Windows Azure CRP Certificate Generator") !=
        std::string::npos);
}

TEST_CASE("nothing is sealed for what is no RSA certificate") {
  composer::test::ScratchFolder folder;
  const TenantCertificate tenant;
  CHECK_FALSE(tenant.seal_for(""));
  CHECK_FALSE(tenant.seal_for("not base64"));
  CHECK_FALSE(tenant.seal_for("AAAA"));
  CHECK_FALSE(tenant.seal_for(std::string(1 << 20, 'A')));
  CHECK_FALSE(tenant.seal_for(make_transport_key(folder.path(), "ED25519")));
  std::string damaged = make_transport_key(folder.path(), "rsa:1024");
  damaged.resize(damaged.size() / 2 / 4 * 4);
  CHECK_FALSE(tenant.seal_for(damaged));
}
