#include <algorithm>
#include <charconv>
#include <fmt/format.h>

#include "composer/blueprint/characters.h"
#include "composer/blueprint/scalars.h"

// Source: OCI Image Format Specification 1.1.0, "OCI Image Configuration" and "Annotations".

namespace composer::blueprint {
namespace {

constexpr std::size_t kLongestTag = 128;

std::optional<Refusal> check_argument(std::string_view) {
  return std::nullopt;
}

std::optional<Refusal> check_user(std::string_view text) {
  const std::size_t colon = text.find(':');
  const auto good = [](std::string_view name) {
    return !name.empty() && is_alphanumeric(name.front()) && holds_only(name, "._-");
  };
  if (good(text.substr(0, colon)) &&
      (colon == std::string_view::npos || good(text.substr(colon + 1)))) {
    return std::nullopt;
  }
  return Refusal{fmt::format("'{}' is not a user of a container", text),
                 "write a name or number, or two of them: 'USER:GROUP'"};
}

std::optional<Refusal> check_label(std::string_view text) {
  if (!text.empty() && is_alphanumeric(text.front()) && holds_only(text, "._-/")) {
    return std::nullopt;
  }
  return Refusal{fmt::format("'{}' is not a label's name", text),
                 "begin with a letter or digit, and use only letters, digits, '.', '_', '-' and "
                 "'/'"};
}

std::optional<Refusal> check_port(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::string_view number = text.substr(0, slash);
  const std::string_view protocol =
      slash == std::string_view::npos ? std::string_view("tcp") : text.substr(slash + 1);
  unsigned port = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), port);
  if (error == std::errc() && end == number.data() + number.size() && port >= 1 && port <= 65535 &&
      (protocol == "tcp" || protocol == "udp")) {
    return std::nullopt;
  }
  return Refusal{fmt::format("'{}' is not a port", text),
                 "write a number of 1 to 65535, or with a protocol: '53/udp'"};
}

std::optional<Refusal> check_signal(std::string_view text) {
  if (text.starts_with("SIG") && text.size() > 3 && text.size() < 16 && holds_only(text, "+-")) {
    return std::nullopt;
  }
  return Refusal{fmt::format("'{}' is not a signal", text), "write its name, such as 'SIGTERM'"};
}

std::optional<Refusal> check_tag(std::string_view text) {
  if (text.size() > kLongestTag) {
    return Refusal{fmt::format("a tag of {} characters", text.size()),
                   fmt::format("use at most {}", kLongestTag)};
  }
  if (!text.empty() && is_alphanumeric(text.front()) && holds_only(text, "._-")) {
    return std::nullopt;
  }
  return Refusal{fmt::format("'{}' is not a tag", text),
                 "begin with a letter or digit, and use only letters, digits, '.', '_' and '-'"};
}

}  // namespace

constinit const Scalar<std::string> kContainerArgument = {{"a program or an argument", "Any text."},
                                                          checked_text<check_argument>};
constinit const Scalar<std::string> kContainerUser = {
    {"a user", "A name or number, or `USER:GROUP`."}, checked_text<check_user>};
constinit const Scalar<std::string> kContainerLabel = {
    {"a label's name", "A letter or digit, then letters, digits, `.`, `_`, `-` and `/`."},
    checked_text<check_label>};
constinit const Scalar<std::string> kContainerPort = {{"a port", "`80`, `80/tcp`, `53/udp`."},
                                                      checked_text<check_port>};
constinit const Scalar<std::string> kContainerSignal = {{"a signal", "Its name: `SIGTERM`."},
                                                        checked_text<check_signal>};
constinit const Scalar<std::string> kContainerTag = {
    {"a tag", "A letter or digit, then letters, digits, `.`, `_` and `-`."},
    checked_text<check_tag>};

}  // namespace composer::blueprint
