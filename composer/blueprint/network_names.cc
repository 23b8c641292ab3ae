#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <charconv>
#include <fmt/format.h>

#include "composer/blueprint/characters.h"
#include "composer/blueprint/scalars.h"

// Addresses, and names of hosts, interfaces and ports, as they stand in the files of chrony,
// systemd-networkd and the firewalls.

namespace composer::blueprint {
namespace {

enum class Family { none, v4, v6 };

// inet_pton takes one spelling of an IPv4 address (four decimal numbers) and what RFC 4291 says of
// IPv6, without a zone.
Family family_of(std::string_view text) {
  std::array<unsigned char, 16> bytes{};
  const std::string address(text);
  if (address.find('\0') != std::string::npos) return Family::none;
  if (::inet_pton(AF_INET, address.c_str(), bytes.data()) == 1) return Family::v4;
  if (::inet_pton(AF_INET6, address.c_str(), bytes.data()) == 1) return Family::v6;
  return Family::none;
}

std::optional<unsigned> number(std::string_view text, unsigned most) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  if (!whole || value > most || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  return value;
}

// RFC 1123, section 2.1, and RFC 1035's 253 characters of a whole name.
bool is_domain(std::string_view text) {
  constexpr std::size_t kLongest = 253, kLongestLabel = 63;
  if (text.empty() || text.size() > kLongest) return false;
  while (true) {
    const std::string_view label = text.substr(0, text.find('.'));
    if (label.empty() || label.size() > kLongestLabel || !holds_only(label, "-_") ||
        label.front() == '-' || label.back() == '-') {
      return false;
    }
    if (label.size() == text.size()) return true;
    text.remove_prefix(label.size() + 1);
  }
}

std::optional<Refusal> check_time_server(std::string_view text) {
  if (family_of(text) != Family::none || is_domain(text)) return std::nullopt;
  return Refusal{fmt::format("'{}' is neither a host name nor an address", text),
                 "give one server per entry, without options: 'time.example.org', '192.0.2.1'"};
}

// systemd.network(5), [Match] Name=: a list of globs, '!' before the first inverts it. IFNAMSIZ
// bounds names, not globs.
std::optional<Refusal> check_interface(std::string_view text) {
  constexpr std::size_t kLongest = 64;
  const std::string_view glob = text.substr(text.starts_with('!') ? 1 : 0);
  if (!glob.empty() && text.size() <= kLongest && holds_only(glob, "*?[]!._:@-")) {
    return std::nullopt;
  }
  return Refusal{fmt::format("'{}' does not name network interfaces", text),
                 "write it as 'eth0' or 'en*', one per entry"};
}

std::optional<Refusal> check_interface_address(std::string_view text) {
  const std::size_t slash = text.find('/');
  const Family family = family_of(text.substr(0, slash));
  if (family == Family::none) {
    return Refusal{fmt::format("'{}' is not an address with its prefix length", text),
                   "write it as '192.0.2.10/24' or '2001:db8::10/64'"};
  }
  const unsigned most = family == Family::v4 ? 32 : 128;
  if (slash == std::string_view::npos) {
    return Refusal{fmt::format("address '{}' has no prefix length", text),
                   fmt::format("write it as '{}/{}'", text, family == Family::v4 ? 24 : 64)};
  }
  if (const auto bits = number(text.substr(slash + 1), most); bits && *bits > 0) {
    return std::nullopt;
  }
  return Refusal{fmt::format("'{}' is not a prefix length", text.substr(slash + 1)),
                 fmt::format("a whole number from 1 to {}", most)};
}

std::optional<Refusal> check_address(std::string_view text) {
  if (family_of(text) != Family::none) return std::nullopt;
  return Refusal{fmt::format("'{}' is not an IP address", text),
                 text.find('/') != std::string_view::npos
                     ? "leave the prefix length out"
                     : "write it as '192.0.2.1' or '2001:db8::1'"};
}

std::optional<Refusal> check_search_domain(std::string_view text) {
  const std::string_view name = text.substr(text.starts_with('~') ? 1 : 0);
  if (is_domain(name) || text == "~.") return std::nullopt;
  return Refusal{fmt::format("'{}' is not a domain", text),
                 "write it as 'example.org'; '~example.org' only says who is asked about it"};
}

std::optional<Refusal> check_network_name(std::string_view text) {
  constexpr std::size_t kLongest = 200;
  if (text.ends_with(".network")) {
    return Refusal{fmt::format("network '{}' ends in '.network', which is added", text),
                   fmt::format("did you mean '{}'?", text.substr(0, text.rfind('.')))};
  }
  if (!text.empty() && text.size() <= kLongest && is_alphanumeric(text.front()) &&
      holds_only(text, "._-")) {
    return std::nullopt;
  }
  return Refusal{fmt::format("'{}' is not the name of a network", text),
                 "begin with a letter or digit, and use only letters, digits, '.', '_', '-'"};
}

constexpr unsigned kMostPort = 65535;

std::optional<Refusal> check_firewall_entry(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) {
    constexpr std::size_t kLongest = 64;
    const bool digits = !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
    if (digits) {
      return Refusal{fmt::format("port '{}' has no protocol", text),
                     fmt::format("did you mean '{}/tcp'?", text)};
    }
    if (!text.empty() && text.size() <= kLongest && is_alphanumeric(text.front()) &&
        holds_only(text, "_-")) {
      return std::nullopt;
    }
    return Refusal{fmt::format("'{}' is neither a port nor a service", text),
                   "write it as '22/tcp', '8000-8010/udp' or 'ssh'"};
  }
  const std::string_view protocol = text.substr(slash + 1);
  if (protocol != "tcp" && protocol != "udp" && protocol != "sctp") {
    return Refusal{fmt::format("'{}' has an unknown protocol '{}'", text, protocol),
                   "use 'tcp', 'udp' or 'sctp'"};
  }
  const std::string_view ports = text.substr(0, slash);
  const std::size_t dash = ports.find('-');
  const auto first = number(ports.substr(0, dash), kMostPort);
  const auto last =
      dash == std::string_view::npos ? first : number(ports.substr(dash + 1), kMostPort);
  if (!first || !last || *first == 0) {
    return Refusal{fmt::format("'{}' is neither a port nor a range of ports", ports),
                   "ports are whole numbers from 1 to 65535: '22/tcp', '8000-8010/udp'"};
  }
  if (dash != std::string_view::npos && *first >= *last) {
    return Refusal{fmt::format("range '{}' does not end after it begins", ports),
                   "write the lower port first"};
  }
  return std::nullopt;
}

}  // namespace

constinit const Scalar<std::string> kTimeServer = {
    {"a time server", "A host name or an IP address."}, checked_text<check_time_server>};
constinit const Scalar<std::string> kInterface = {
    {"an interface", "A name such as `eth0`; `*`, `?` and `[…]` stand for others."},
    checked_text<check_interface>};
constinit const Scalar<std::string> kInterfaceAddress = {
    {"an address", "With its prefix length: `192.0.2.10/24`, `2001:db8::10/64`."},
    checked_text<check_interface_address>};
constinit const Scalar<std::string> kAddress = {
    {"an IP address", "Such as `192.0.2.1` or `2001:db8::1`."}, checked_text<check_address>};
constinit const Scalar<std::string> kSearchDomain = {{"a domain", "Such as `example.org`."},
                                                     checked_text<check_search_domain>};
constinit const Scalar<std::string> kNetworkName = {
    {"a name", "A letter or digit, then letters, digits, `.`, `_` and `-`; `10-eth0` for one."},
    checked_text<check_network_name>};
constinit const Scalar<std::string> kFirewallEntry = {
    {"a port or service", "`22/tcp`, `8000-8010/udp`, or the name of a service, such as `ssh`."},
    checked_text<check_firewall_entry>};

}  // namespace composer::blueprint
