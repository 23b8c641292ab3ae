#include <fmt/format.h>
#include <fmt/ranges.h>

#include "composer/error.h"
#include "composer/tree/root_files.h"
#include "composer/tree/steps/steps.h"

namespace composer::tree::network {
namespace {

constexpr std::string_view kDaemon = "/usr/lib/systemd/systemd-networkd";

std::string path_of(const PlannedNetwork& network) {
  return fmt::format("/etc/systemd/network/{}.network", network.name);
}

// systemd.network(5).
std::string text_of(const PlannedNetwork& network) {
  std::string text = fmt::format("[Match]\nName={}\n\n[Network]\nDHCP={}\n",
                                 fmt::join(network.match, " "), network.dhcp ? "yes" : "no");
  for (const std::string& address : network.addresses) text += "Address=" + address + "\n";
  if (!network.gateway.empty()) text += "Gateway=" + network.gateway + "\n";
  for (const std::string& server : network.dns) text += "DNS=" + server + "\n";
  if (!network.search.empty()) text += fmt::format("Domains={}\n", fmt::join(network.search, " "));
  return text;
}

void check(const PlannedNetwork& network) {
  if (network.name.empty() || network.name.find('/') != std::string::npos) {
    throw Error(ErrorKind::usage, fmt::format("'{}' is not the name of a network", network.name));
  }
  one_line(network.gateway);
  for (const auto* list : {&network.match, &network.addresses, &network.dns, &network.search}) {
    for (const std::string& value : *list) one_line(value);
  }
}

}  // namespace

bool wanted(const Plan& plan) {
  return !plan.system.network.empty();
}

std::vector<std::string> describe(const Plan& plan) {
  std::vector<std::string> texts;
  for (const PlannedNetwork& network : plan.system.network) {
    std::string text = fmt::format("write {}: {}", path_of(network), fmt::join(network.match, " "));
    if (network.dhcp) text += ", DHCP";
    for (const std::string& address : network.addresses) text += ", address " + address;
    if (!network.gateway.empty()) text += ", gateway " + network.gateway;
    if (!network.dns.empty()) text += fmt::format(", DNS {}", fmt::join(network.dns, " "));
    if (!network.search.empty()) text += fmt::format(", search {}", fmt::join(network.search, " "));
    texts.push_back(std::move(text));
  }
  return texts;
}

void apply(const Plan& plan, Root& root, Progress&) {
  if (!root.exists(kDaemon)) {
    throw Error(ErrorKind::usage, "cannot set up the network: the image has no systemd-networkd",
                "add 'systemd-networkd' to packages.install");
  }
  for (const PlannedNetwork& network : plan.system.network) {
    check(network);
    write_with_parents(root, path_of(network), text_of(network));
  }
}

}  // namespace composer::tree::network
