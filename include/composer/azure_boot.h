#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "composer/plan.h"

namespace composer {

/// What provisions the guest.
enum class AzureAgent {
  cloud_init,  ///< Needs no privilege: the guest's network is QEMU's.
  waagent,     ///< Finds its services by DHCP option 245 alone: a network of its own, needs root.
};

/// A part of Azure that is left out or broken, to see that it is noticed.
enum class AzureFault {
  no_media,        ///< The DVD drive is empty.
  no_imds,         ///< Answers each request with 503.
  no_wire_server,  ///< Nothing listens at its address.
  wrong_key,       ///< The guest is given another key than the one that is logged in with.
};

/// How `boot` emulates Azure around the image; docs/azure.md.
struct AzureBootOptions {
  AzureAgent agent = AzureAgent::cloud_init;
  std::string host_name = "provisioned-vm";
  std::string user_name = "azuretester";
  std::optional<std::filesystem::path> custom_data;  ///< Default: a cloud-config without effect.
  std::vector<PlannedTestScript> scripts;  ///< Run in the guest, in this order, as that user.
  std::filesystem::path request_log;       ///< What was asked of the services, as JSON lines.
  std::vector<AzureFault> faults;
  /// Program and arguments that carry standard input and output to the Unix socket which follows.
  /// Empty: this program, `relay`.
  std::vector<std::string> relay;
};

}  // namespace composer
