#include <array>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <set>

#include "composer/error.h"
#include "composer/tree/root_files.h"
#include "composer/tree/steps/steps.h"
#include "composer/tree/unit_files.h"

// What may come in: answers, ICMP, DHCP and what is open. The service itself is enabled by the
// plan.

namespace composer::tree::firewall {
namespace {

constexpr std::string_view kZones = "/etc/firewalld/zones";
constexpr std::uint32_t kPrivate = 0600;
constexpr std::uint32_t kReadable = 0644;
constexpr std::array<std::string_view, 3> kProtocols{"tcp", "udp", "sctp"};

bool is_service(const std::string& entry) {
  return entry.find('/') == std::string::npos;
}

std::string_view port_of(const std::string& entry) {
  return std::string_view(entry).substr(0, entry.find('/'));
}

std::string_view protocol_of(const std::string& entry) {
  return std::string_view(entry).substr(entry.find('/') + 1);
}

/// Digits, one '-' or letters of a name: what can stand in XML and in nft's language as it is.
void check_entry(const std::string& entry) {
  const bool plain = !entry.empty() && entry.find_first_not_of(
                                           "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                           "0123456789-_/") == std::string::npos;
  if (!plain) {
    throw Error(ErrorKind::usage,
                fmt::format("'{}' is neither a port nor a service of a firewall", entry));
  }
}

// Established connections are let through before invalid ones are dropped, as nftables' own
// examples have it. DHCPv6's answers come from another address than was asked. Forwarded packets
// are left alone: containers bring rules of their own.
std::string ruleset(const std::vector<std::string>& open) {
  std::string text =
      "#!/usr/sbin/nft -f\n"
      "# The firewall of the blueprint.\n"
      "flush ruleset\n"
      "\n"
      "table inet filter {\n"
      "\tchain input {\n"
      "\t\ttype filter hook input priority filter; policy drop;\n"
      "\t\tct state established,related accept\n"
      "\t\tct state invalid drop\n"
      "\t\tiifname \"lo\" accept\n"
      "\t\tmeta l4proto { icmp, ipv6-icmp } accept\n"
      "\t\tip6 saddr fe80::/10 udp dport 546 accept\n";
  for (const std::string_view protocol : kProtocols) {
    std::vector<std::string_view> ports;
    for (const std::string& entry : open) {
      if (protocol_of(entry) == protocol) ports.push_back(port_of(entry));
    }
    if (ports.empty()) continue;
    text += fmt::format("\t\t{} dport {{ {} }} accept\n", protocol, fmt::join(ports, ", "));
  }
  return text + "\t}\n}\n";
}

/// The file that the image's nftables.service loads: Fedora and Azure Linux have it elsewhere than
/// Debian.
std::string ruleset_path(const Root& root) {
  const std::string unit = unit_path(root, "nftables.service");
  const std::string text = unit.empty() ? "" : root.read(unit).value_or("");
  for (const std::string_view line : lines_of(text)) {
    const std::size_t flag = line.find(" -f ");
    if (!line.starts_with("ExecStart=") || flag == std::string_view::npos) continue;
    std::string_view path = line.substr(flag + 4);
    path = path.substr(0, path.find(' '));
    if (path.starts_with("/etc/") && path.find("..") == std::string_view::npos) {
      return std::string(path);
    }
  }
  throw Error(ErrorKind::usage,
              unit.empty() ? "cannot set up nftables: the image has no 'nftables.service'"
                           : fmt::format("cannot tell which rules '{}' of the image loads", unit),
              unit.empty() ? "add 'nftables' to packages.install" : "use 'files'");
}

/// Files are written after the firewall, and one of them may be the very file: which it is, only
/// the image says.
void write_rules(const Plan& plan, Root& root, const std::string& path, const std::string& text,
                 const FileAttributes& attributes) {
  for (const PlannedFile& file : plan.system.files) {
    if (file.path != path) continue;
    throw Error(ErrorKind::usage,
                fmt::format("the file '{}' cannot be written: it is what 'firewall' writes", path),
                "remove one of the two");
  }
  write_with_parents(root, path, text, attributes);
}

void apply_nftables(const Plan& plan, Root& root, Progress& progress) {
  const PlannedFirewall& firewall = *plan.system.firewall;
  for (const std::string& entry : firewall.open) {
    if (!is_service(entry)) continue;
    throw Error(ErrorKind::usage,
                fmt::format("nftables knows ports only, and '{}' is a service", entry));
  }
  const std::string path = ruleset_path(root);
  write_rules(plan, root, path, ruleset(firewall.open), {kPrivate, 0, 0});
  progress.note(fmt::format("the rules of nftables are in '{}'", path));
}

/// The zone that interfaces are in which no other is for.
std::string default_zone(const Root& root) {
  constexpr std::string_view kKey = "DefaultZone=";
  const std::string text = root.read("/etc/firewalld/firewalld.conf").value_or("");
  for (const std::string_view line : lines_of(text)) {
    if (!line.starts_with(kKey)) continue;
    std::string zone(line.substr(kKey.size()));
    if (!zone.empty() && zone.find_first_of("/. \t") == std::string::npos) return zone;
  }
  return "public";
}

void check_services(const std::vector<std::string>& open, const Root& root) {
  std::set<std::string> known;
  for (const std::string_view folder : {"/usr/lib/firewalld/services", "/etc/firewalld/services"}) {
    for (const std::string& name : root.list(folder)) {
      if (name.ends_with(".xml")) known.insert(name.substr(0, name.size() - 4));
    }
  }
  for (const std::string& entry : open) {
    if (!is_service(entry) || known.contains(entry)) continue;
    const auto near = nearest(entry, {known.begin(), known.end()});
    throw Error(ErrorKind::usage,
                fmt::format("firewalld in the image knows no service '{}'", entry),
                near ? fmt::format("did you mean '{}'?", *near) : "give its ports: '22/tcp'");
  }
}

// firewalld.zone(5). What is not listed is rejected, which is what a zone does without a target.
std::string zone_text(const std::vector<std::string>& open, const std::string& zone) {
  std::string text = fmt::format(
      "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
      "<zone>\n"
      "  <short>{}</short>\n"
      "  <description>What the blueprint opens.</description>\n"
      "  <service name=\"dhcpv6-client\"/>\n",
      zone);
  for (const std::string& entry : open) {
    if (is_service(entry) && entry != "dhcpv6-client") {
      text += fmt::format("  <service name=\"{}\"/>\n", entry);
    } else if (!is_service(entry)) {
      text += fmt::format("  <port protocol=\"{}\" port=\"{}\"/>\n", protocol_of(entry),
                          port_of(entry));
    }
  }
  return text + "  <forward/>\n</zone>\n";
}

void apply_firewalld(const Plan& plan, Root& root) {
  const PlannedFirewall& firewall = *plan.system.firewall;
  if (!root.exists("/usr/lib/firewalld")) {
    throw Error(ErrorKind::usage, "cannot set up firewalld: the image does not have it",
                "add 'firewalld' to packages.install");
  }
  check_services(firewall.open, root);
  const std::string zone = default_zone(root);
  write_rules(plan, root, fmt::format("{}/{}.xml", kZones, zone), zone_text(firewall.open, zone),
              {kReadable, 0, 0});
}

}  // namespace

bool wanted(const Plan& plan) {
  return plan.system.firewall.has_value();
}

std::vector<std::string> describe(const Plan& plan) {
  const PlannedFirewall& firewall = *plan.system.firewall;
  return {fmt::format(
      "{}: open {} and nothing else, beside answers, ICMP and DHCP",
      firewall.backend == FirewallBackend::nftables ? "nftables" : "firewalld",
      firewall.open.empty() ? "nothing" : fmt::to_string(fmt::join(firewall.open, ", ")))};
}

void apply(const Plan& plan, Root& root, Progress& progress) {
  const PlannedFirewall& firewall = *plan.system.firewall;
  for (const std::string& entry : firewall.open) check_entry(entry);
  switch (firewall.backend) {
    case FirewallBackend::firewalld:
      apply_firewalld(plan, root);
      break;
    case FirewallBackend::nftables:
      apply_nftables(plan, root, progress);
      break;
  }
}

}  // namespace composer::tree::firewall
