#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace composer {

/// The ports of a service that nftables, which knows ports only, is to open: `22/tcp` for `ssh`;
/// empty for a name that is not known.
std::vector<std::string> firewall_ports(std::string_view service);

/// The names that are known, sorted.
std::vector<std::string> firewall_service_names();

}  // namespace composer
