#include "composer/base/certificate.h"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "composer/base/handle.h"

namespace composer {
namespace {

using Certificate = Handle<X509, X509_free>;
using Bio = Handle<BIO, BIO_free_all>;

constexpr std::string_view kBegin = "-----BEGIN ";
constexpr std::string_view kDashes = "-----";
constexpr std::string_view kExport = "export it as PEM: 'openssl x509 -inform der -in FILE'";

/// OpenSSL's own names for the two (pem.h); the second holds trust settings beside it.
bool is_certificate(std::string_view label) {
  return label == PEM_STRING_X509 || label == PEM_STRING_X509_OLD;
}

std::optional<CertificateMistake> check_one(std::string_view block, int number) {
  ERR_clear_error();
  const Bio memory(BIO_new_mem_buf(block.data(), static_cast<int>(block.size())));
  const Certificate certificate(PEM_read_bio_X509(memory.get(), nullptr, nullptr, nullptr));
  if (!certificate) {
    return CertificateMistake{fmt::format("certificate {} cannot be read", number),
                              "copy the whole file, from its BEGIN to its END line"};
  }
  // Version 1 has no extensions, and is what self-signed roots of old are: X509_check_ca knows.
  if (X509_check_ca(certificate.get()) == 0) {
    return CertificateMistake{fmt::format("certificate {} is not one of an authority", number),
                              "give the certificate of the authority that signed it"};
  }
  return std::nullopt;
}

}  // namespace

std::optional<CertificateMistake> mistake_in_certificates(std::string_view text) {
  if (text.find("PRIVATE KEY-----") != std::string_view::npos) {
    return CertificateMistake{
        "this is a private key, which must never be in an image",
        "give the certificate alone, and consider the private key as known to others", true};
  }
  int number = 0;
  for (auto begin = text.find(kBegin); begin != std::string_view::npos;
       begin = text.find(kBegin, begin)) {
    const auto label_at = begin + kBegin.size();
    const auto label_end = text.find(kDashes, label_at);
    const std::string_view label = label_end == std::string_view::npos
                                       ? text.substr(label_at)
                                       : text.substr(label_at, label_end - label_at);
    if (!is_certificate(label)) {
      return CertificateMistake{fmt::format("this holds '{}', not only certificates",
                                            label.substr(0, label.find('\n')).substr(0, 40)),
                                "give certificates alone"};
    }
    const std::string end_line = fmt::format("-----END {}-----", label);
    const auto end = text.find(end_line, label_end);
    if (end == std::string_view::npos) {
      return CertificateMistake{fmt::format("certificate {} has no END line", number + 1),
                                "copy the whole file, from its BEGIN to its END line"};
    }
    const auto after = end + end_line.size();
    ++number;
    if (auto mistake = check_one(text.substr(begin, after - begin), number)) return mistake;
    begin = after;
  }
  if (number == 0) return CertificateMistake{"this is no PEM certificate", std::string(kExport)};
  return std::nullopt;
}

}  // namespace composer
