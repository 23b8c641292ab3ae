#pragma once

#include <mutex>
#include <optional>
#include <string>

#include "composer/azure/message.h"
#include "composer/azure/transport_certificate.h"
#include "composer/azure/virtual_machine.h"

namespace composer::azure {

/// The fabric's own service at 168.63.129.16: port 80 (goal state and what it points to, health,
/// telemetry) and port 32526 (the host's plugin for the guest agent).
///
/// Source: the agents' own code, cloud-init 25.1 (sources/helpers/azure.py) and WALinuxAgent 2.12
/// (common/protocol); Microsoft documents the addresses, not the protocol:
/// https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16
class WireServer {
 public:
  explicit WireServer(VirtualMachine machine);

  /// Port 80. May be called from several threads at once.
  Answer answer(const Request& request);
  /// Port 32526. May be called from several threads at once.
  Answer answer_host_plugin(const Request& request) const;

 private:
  std::string goal_state() const;
  Answer configuration(const Request& request);
  Answer certificates(const Request& request);

  VirtualMachine machine_;
  std::string container_, instance_;
  std::mutex mutex_;  ///< Of the certificate, which takes a while and is made when first asked for.
  std::optional<TenantCertificate> certificate_;
};

}  // namespace composer::azure
