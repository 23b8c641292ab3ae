#include <fmt/format.h>

#include "composer/base/certificate.h"
#include "composer/blueprint/characters.h"
#include "composer/blueprint/scalars.h"

namespace composer::blueprint {
namespace {

constexpr std::size_t kLongestName = 128;

std::optional<Refusal> check_certificate_name(std::string_view text) {
  if (text.ends_with(".pem") || text.ends_with(".crt")) {
    return Refusal{fmt::format("certificate name '{}' has a suffix", text),
                   fmt::format("write '{}': '.pem' is added", text.substr(0, text.size() - 4))};
  }
  if (!text.empty() && text.size() <= kLongestName && is_alphanumeric(text.front()) &&
      holds_only(text, "._-")) {
    return std::nullopt;
  }
  return Refusal{
      fmt::format("'{}' is not a valid name of a certificate", text.substr(0, kLongestName)),
      "begin with a letter or digit, and use only letters, digits, '.', '_' and '-'"};
}

std::optional<Refusal> check_certificate_text(std::string_view text) {
  if (const auto mistake = mistake_in_certificates(text)) {
    return Refusal{mistake->what, mistake->hint,
                   mistake->secret ? Secrecy::secret : Secrecy::shown};
  }
  return std::nullopt;
}

std::optional<Refusal> check_selinux_policy(std::string_view text) {
  if (!text.empty() && text.size() <= kLongestName && is_alphanumeric(text.front()) &&
      holds_only(text, "_-")) {
    return std::nullopt;
  }
  return Refusal{fmt::format("'{}' is not a valid name of a policy", text.substr(0, kLongestName)),
                 "write one such as 'targeted'"};
}

}  // namespace

constinit const Scalar<std::string> kCertificateName = {
    {"a certificate's name", "A letter or digit, then letters, digits, `.`, `_` and `-`."},
    checked_text<check_certificate_name>};
constinit const Scalar<std::string> kCertificate = {
    {"a PEM text",
     "`-----BEGIN CERTIFICATE-----` and what follows.",
     Shape::text,
     {},
     0,
     0,
     Secrecy::shown,
     Characters::any},
    checked_text<check_certificate_text>};
constinit const Scalar<std::string> kSelinuxPolicy = {
    {"a policy", "A letter or digit, then letters, digits, `_` and `-`."},
    checked_text<check_selinux_policy>};

}  // namespace composer::blueprint
