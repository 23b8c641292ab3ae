#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "composer/azure/virtual_machine.h"
#include "composer/host/child_process.h"
#include "composer/progress.h"

namespace composer::vm {

/// A network that looks like Azure's from within a guest, in a network namespace of this process:
/// the services' addresses, a tap device for the guest, and a DHCP server that names the wire
/// server in options 121 and 245, which is what walinuxagent goes by. There is no way out of it,
/// and it is gone with this process and its children, however they end.
class PrivateNetwork {
 public:
  static constexpr std::string_view kTap = "azure0";
  static constexpr std::string_view kHost = "10.0.0.1";
  static constexpr std::string_view kGuest = "10.0.0.4";

  /// @throws Error  of kind host when this process is not root, or has no way to make taps.
  static void require();

  /// Moves the calling thread, and what it starts from now on, into a new network namespace.
  /// @param folder  For the DHCP server's files.
  PrivateNetwork(const azure::VirtualMachine& machine, const std::string& folder,
                 Progress& progress);

  /// QEMU's option for the guest's end.
  std::string netdev() const;

  /// The DHCP server's argument vector.
  static std::vector<std::string> dhcp_arguments(const azure::VirtualMachine& machine,
                                                 const std::string& folder);

 private:
  std::optional<host::ChildProcess> dhcp_;
};

}  // namespace composer::vm
