#include "composer/blueprint.h"
#include "composer/blueprint/mappings.h"
#include "composer/blueprint/reader.h"
#include "composer/blueprint/scalars.h"
#include "composer/blueprint/words.h"

// What of `system` is about the network: interfaces, the firewall, the time.

namespace composer::blueprint {
namespace {

constexpr auto kRequired = Presence::required;

constexpr Stranger kFirewallStrangers[] = {
    {"ports", "open"},
    {"services", "open"},
    {"allow", "open"},
};

constexpr Stranger kNetworkStrangers[] = {
    {"address", "addresses"}, {"dhcp4", "dhcp"},       {"gateway4", "gateway"},
    {"nameservers", "dns"},   {"interfaces", "match"}, {"domains", "search"},
};

}  // namespace

const Mapping& ntp_mapping() {
  static constexpr Table table(
      {"the ntp section", "system.ntp",
       "Where chrony asks for the time, in place of what its own configuration names; its clocks "
       "of the host (Hyper-V's PTP) stay. `chronyd.service` is enabled."},
      {key<&NtpRequest::servers, kTimeServer>(
           {.name = "servers", .fallback = "none", .meaning = "Single servers."}),
       key<&NtpRequest::pools, kTimeServer>(
           {.name = "pools",
            .fallback = "none",
            .meaning = "Names that stand for several servers, of which chrony takes four."})});
  return table;
}

const Mapping& firewall_mapping() {
  static constexpr Table table(
      {"the firewall section",
       "system.firewall",
       "What may come in: answers to what the machine asked, ICMP, DHCP, and what `open` lists. "
       "Its service is enabled.",
       {},
       kFirewallStrangers},
      {key<&FirewallRequest::backend, kFirewallBackend>(
           {.name = "backend",
            .fallback = "the one whose package is in the image; firewalld where both are",
            .meaning = "What keeps the rules."}),
       key<&FirewallRequest::open, kFirewallEntry>({.name = "open",
                                                    .presence = kRequired,
                                                    .meaning = "Ports and services that are open "
                                                               "to everybody."})});
  return table;
}

const Mapping& network_mapping() {
  static constexpr Table table(
      {"a network",
       "system.network[]",
       "A file `/etc/systemd/network/NAME.network` of systemd-networkd, whose service is enabled.",
       {},
       kNetworkStrangers},
      {key<&NetworkRequest::name, kNetworkName>(
           {.name = "name",
            .presence = kRequired,
            .meaning = "Name of the file; of those that fit an interface, the first is taken."}),
       key<&NetworkRequest::match, kInterface>({.name = "match",
                                                .presence = kRequired,
                                                .meaning = "Interfaces that it is for.",
                                                .arity = Arity::one_or_list}),
       key<&NetworkRequest::dhcp, kBoolean>(
           {.name = "dhcp",
            .fallback = "true where there is no address",
            .meaning = "Whether DHCP is asked, of IPv4 and IPv6."}),
       key<&NetworkRequest::addresses, kInterfaceAddress>(
           {.name = "addresses", .fallback = "none", .meaning = "Fixed addresses."}),
       key<&NetworkRequest::gateway, kAddress>(
           {.name = "gateway", .fallback = "none", .meaning = "The default route."}),
       key<&NetworkRequest::dns, kAddress>(
           {.name = "dns", .fallback = "what DHCP says", .meaning = "Name servers."}),
       key<&NetworkRequest::search, kSearchDomain>(
           {.name = "search", .fallback = "what DHCP says", .meaning = "Search domains."})});
  return table;
}

}  // namespace composer::blueprint
