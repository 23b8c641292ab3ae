#include "composer/blueprint.h"
#include "composer/blueprint/mappings.h"
#include "composer/blueprint/reader.h"
#include "composer/blueprint/scalars.h"
#include "composer/blueprint/words.h"

namespace composer::blueprint {
namespace {

constexpr Stranger kCertificateStrangers[] = {
    {"path", "source"},
    {"file", "source"},
    {"pem", "content"},
    {"key", "", "a certificate authority's key is not for an image",
     "give the certificate alone, and consider the key as known to others", Secrecy::secret},
};

constexpr Stranger kSelinuxStrangers[] = {
    {"type", "policy"},
    {"state", "mode"},
    {"enabled", "mode"},
};

}  // namespace

const Mapping& ca_certificate_mapping() {
  static constexpr Table table(
      {"a CA certificate",
       "system.ca_certificates[]",
       "A certificate authority, with exactly one of `content` and `source`.",
       {},
       kCertificateStrangers},
      {key<&CaCertificateRequest::name, kCertificateName>(
           {.name = "name",
            .presence = Presence::required,
            .meaning = "Its file is /etc/pki/ca-trust/source/anchors/NAME.pem."}),
       key<&CaCertificateRequest::content, kCertificate>(
           {.name = "content",
            .fallback = "none",
            .meaning = "One or more certificates as PEM text. Never a private key."}),
       key<&CaCertificateRequest::source, kSourcePath>(
           {.name = "source",
            .fallback = "none",
            .meaning = "A file in the blueprint's folder that holds them."})});
  return table;
}

const Mapping& selinux_mapping() {
  static constexpr Table table(
      {"the selinux section",
       "system.selinux",
       "SELinux. Every file has the label that the policy in the image gives it, whenever "
       "/etc/selinux/config of the finished image is enforcing or permissive.",
       {},
       kSelinuxStrangers},
      {key<&SelinuxRequest::mode, kSelinuxMode>({.name = "mode",
                                                 .fallback = "as the packages have it",
                                                 .meaning = "What the kernel does at boot."}),
       key<&SelinuxRequest::policy, kSelinuxPolicy>(
           {.name = "policy",
            .fallback = "targeted",
            .meaning = "A policy that a package brings, in /etc/selinux/POLICY."})});
  return table;
}

}  // namespace composer::blueprint
