#include "composer/azure/transport_certificate.h"

#include <openssl/cms.h>
#include <openssl/evp.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>

#include "composer/base/base64.h"
#include "composer/base/handle.h"
#include "composer/error.h"

namespace composer::azure {
namespace {

/// A certificate of an RSA key of 16384 bits is smaller.
constexpr std::size_t kLargestCertificate = 8192;
constexpr std::size_t kBase64Line = 76;

using Certificate = Handle<X509, X509_free>;
using Key = Handle<EVP_PKEY, EVP_PKEY_free>;
using Memory = Handle<BIO, BIO_free_all>;

void free_certificates(STACK_OF(X509) * stack) {
  sk_X509_free(stack);
}
using Certificates = Handle<STACK_OF(X509), free_certificates>;

[[noreturn]] void failed() {
  throw Error(ErrorKind::build, "OpenSSL cannot make the deployment's certificate");
}

Certificate self_signed(EVP_PKEY* key) {
  Certificate certificate(X509_new());
  if (!certificate) failed();
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  // Fixed: guests do not look at the dates, and their clock may be anywhere.
  ASN1_TIME_set_string(X509_getm_notBefore(certificate.get()), "20200101000000Z");
  ASN1_TIME_set_string(X509_getm_notAfter(certificate.get()), "20991231235959Z");
  X509_set_pubkey(certificate.get(), key);
  X509_NAME* name = X509_get_subject_name(certificate.get());
  const auto* text =
      reinterpret_cast<const unsigned char*>("Windows Azure CRP Certificate Generator");
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, text, -1, -1, 0);
  X509_set_issuer_name(certificate.get(), name);
  if (X509_sign(certificate.get(), key, EVP_sha256()) == 0) failed();
  return certificate;
}

std::string content(BIO* memory) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(memory, &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

}  // namespace

struct TenantCertificate::Keys {
  Key key;
  Certificate certificate;
};

TenantCertificate::TenantCertificate() : keys_(std::make_unique<Keys>()) {
  keys_->key = Key(EVP_RSA_gen(2048));
  if (!keys_->key) failed();
  keys_->certificate = self_signed(keys_->key.get());
}

TenantCertificate::~TenantCertificate() = default;
TenantCertificate::TenantCertificate(TenantCertificate&&) noexcept = default;
TenantCertificate& TenantCertificate::operator=(TenantCertificate&&) noexcept = default;

std::optional<std::string> TenantCertificate::seal_for(std::string_view text) const {
  if (text.size() > kLargestCertificate) return std::nullopt;
  const std::optional<std::string> der = base64_decode(text);
  if (!der) return std::nullopt;
  const auto* at = reinterpret_cast<const unsigned char*>(der->data());
  const Certificate recipient(d2i_X509(nullptr, &at, static_cast<long>(der->size())));
  if (!recipient) return std::nullopt;
  const EVP_PKEY* key = X509_get0_pubkey(recipient.get());
  if (!key || EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA) return std::nullopt;

  const Handle<PKCS12, PKCS12_free> pfx(PKCS12_create(
      "", "tenant", keys_->key.get(), keys_->certificate.get(), nullptr, 0, 0, 0, 0, 0));
  const Memory plain(BIO_new(BIO_s_mem()));
  if (!pfx || !plain || i2d_PKCS12_bio(plain.get(), pfx.get()) != 1) failed();
  const Certificates recipients(sk_X509_new_null());
  if (!recipients || sk_X509_push(recipients.get(), recipient.get()) == 0) failed();
  const Handle<CMS_ContentInfo, CMS_ContentInfo_free> sealed(
      CMS_encrypt(recipients.get(), plain.get(), EVP_aes_128_cbc(), CMS_BINARY));
  const Memory enveloped(BIO_new(BIO_s_mem()));
  if (!sealed || !enveloped || i2d_CMS_bio(enveloped.get(), sealed.get()) != 1) {
    return std::nullopt;  // A key that nothing can be encrypted for is the guest's fault.
  }
  const std::string encoded = base64_encode(content(enveloped.get()));
  std::string lines;
  for (std::size_t from = 0; from < encoded.size(); from += kBase64Line) {
    lines += encoded.substr(from, kBase64Line) + "\n";
  }
  return lines;
}

}  // namespace composer::azure
