#pragma once

#include <string>
#include <string_view>

// What Azure knows of a virtual machine when it starts it for the first time, and where it says so.
// docs/azure.md has the sources.

namespace composer::azure {

/// SMBIOS type 3 asset tag of every Azure VM; cloud-init recognises the platform by it.
constexpr std::string_view kChassisAssetTag = "7783-7084-3265-9085-8269-3286-77";
/// Link-local address of the instance metadata service.
constexpr std::string_view kImdsAddress = "169.254.169.254";
/// The host's address in every virtual network; agents know it, and DHCP option 245 says it.
constexpr std::string_view kWireServerAddress = "168.63.129.16";
constexpr int kHttpPort = 80;
constexpr int kHostPluginPort = 32526;

struct VirtualMachine {
  std::string host_name;
  std::string user_name;
  std::string ssh_public_key;  ///< One line as in authorized_keys.
  std::string custom_data;     ///< Bytes.
  std::string vm_id;           ///< UUID, lower case; the SMBIOS system UUID as well.
  std::string mac;             ///< `00:0d:3a:…`, lower case.
  std::string address;         ///< The guest's own, dotted.
  bool generation_2 = true;
};

}  // namespace composer::azure
