#include "composer/plan/firewall_services.h"

#include <array>

namespace composer {
namespace {

struct Service {
  std::string_view name;
  std::array<std::string_view, 2> ports;
};

// Named as firewalld names them, by name; ports as IANA's registry of services has them.
constexpr Service kServices[] = {
    {"dns", {"53/tcp", "53/udp"}}, {"grafana", {"3000/tcp"}},
    {"http", {"80/tcp"}},          {"http3", {"443/udp"}},
    {"https", {"443/tcp"}},        {"kube-apiserver", {"6443/tcp"}},
    {"kubelet", {"10250/tcp"}},    {"ldap", {"389/tcp"}},
    {"ldaps", {"636/tcp"}},        {"mdns", {"5353/udp"}},
    {"mysql", {"3306/tcp"}},       {"nfs", {"2049/tcp"}},
    {"ntp", {"123/udp"}},          {"postgresql", {"5432/tcp"}},
    {"prometheus", {"9090/tcp"}},  {"rdp", {"3389/tcp", "3389/udp"}},
    {"redis", {"6379/tcp"}},       {"smtp", {"25/tcp"}},
    {"ssh", {"22/tcp"}},           {"syslog", {"514/udp"}},
    {"wireguard", {"51820/udp"}},
};

}  // namespace

std::vector<std::string> firewall_ports(std::string_view service) {
  std::vector<std::string> ports;
  for (const Service& known : kServices) {
    if (known.name != service) continue;
    for (const std::string_view port : known.ports) {
      if (!port.empty()) ports.emplace_back(port);
    }
  }
  return ports;
}

std::vector<std::string> firewall_service_names() {
  std::vector<std::string> names;
  for (const Service& service : kServices) names.emplace_back(service.name);
  return names;
}

}  // namespace composer
