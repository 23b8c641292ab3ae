#include "composer/boot/private_network.h"

#include <cerrno>
#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include "composer/error.h"
#include "composer/host/process.h"

namespace composer::vm {

void PrivateNetwork::require() {
  if (::geteuid() != 0) {
    throw Error(ErrorKind::host,
                "walinuxagent needs a network namespace with a DHCP server of its own, which only "
                "root can make",
                "run with sudo, or leave out --agent waagent to provision by cloud-init");
  }
  if (::access("/dev/net/tun", R_OK | W_OK) != 0) {
    throw Error(ErrorKind::host, "cannot open '/dev/net/tun', needed for the guest's network",
                "modprobe tun; in a container, give it the device");
  }
  host::require_tools({{"ip", "make the guest's network", "iproute2"},
                       {"dnsmasq", "serve DHCP to the guest", "dnsmasq-base"}});
}

std::vector<std::string> PrivateNetwork::dhcp_arguments(const azure::VirtualMachine& machine,
                                                        const std::string& folder) {
  return {"dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--port=0",
          // Nothing outside is asked or written.
          "--no-resolv", "--no-hosts", "--user=root", fmt::format("--interface={}", kTap),
          "--bind-interfaces", fmt::format("--dhcp-leasefile={}/leases", folder), "--pid-file",
          "--dhcp-authoritative",
          fmt::format("--dhcp-range={0},{0},255.255.255.0,infinite", kGuest),
          fmt::format("--dhcp-host={},{}", machine.mac, kGuest),
          fmt::format("--dhcp-option=option:router,{}", kHost),
          // The wire server's address as four bytes, and the routes to both services.
          "--dhcp-option-force=245,a8:3f:81:10",
          fmt::format("--dhcp-option-force=option:classless-static-route,0.0.0.0/0,{0},"
                      "{1}/32,{0},{2}/32,{0}",
                      kHost, azure::kWireServerAddress, azure::kImdsAddress)};
}

PrivateNetwork::PrivateNetwork(const azure::VirtualMachine& machine, const std::string& folder,
                               Progress& progress) {
  if (::unshare(CLONE_NEWNET) != 0) throw system_error("cannot make a network namespace", errno);
  const host::CommandRunner runner(progress);
  const auto ip = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "ip");
    runner.check({std::move(arguments), {}, {}});
  };
  const std::string tap(kTap);
  ip({"link", "set", "lo", "up"});
  ip({"address", "add", fmt::format("{}/32", azure::kWireServerAddress), "dev", "lo"});
  ip({"address", "add", fmt::format("{}/32", azure::kImdsAddress), "dev", "lo"});
  ip({"tuntap", "add", "dev", tap, "mode", "tap"});
  ip({"address", "add", fmt::format("{}/24", kHost), "dev", tap});
  ip({"link", "set", tap, "up"});
  dhcp_.emplace(host::ChildCommand{dhcp_arguments(machine, folder), {}}, progress);
}

std::string PrivateNetwork::netdev() const {
  return fmt::format("tap,id=net,ifname={},script=no,downscript=no", kTap);
}

}  // namespace composer::vm
