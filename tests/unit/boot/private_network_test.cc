#include "composer/boot/private_network.h"

#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <unistd.h>

#include "composer/azure/http_server.h"
#include "composer/host/process.h"

#include "tests/support/scratch_folder.h"

using namespace composer;
using Catch::Matchers::Contains;

namespace {

std::string shell(const std::string& text) {
  SilentProgress progress;
  const auto output = host::CommandRunner(progress).run({{"sh", "-c", text}, {}, {}});
  return output.standard_output + output.standard_error;
}

}  // namespace

// The whole process moves, so that this is the only test of its program.
TEST_CASE("the guest's network has the services' addresses, DHCP, and no way out") {
  if (::access("/dev/net/tun", R_OK | W_OK) != 0) {
    std::fputs("skipped: there is no /dev/net/tun\n", stderr);
    std::exit(77);
  }
  const test::ScratchFolder folder;
  SilentProgress progress;
  azure::VirtualMachine machine;
  machine.mac = "00:0d:3a:10:20:30";
  const vm::PrivateNetwork network(machine, folder.path().string(), progress);
  CHECK(network.netdev() == "tap,id=net,ifname=azure0,script=no,downscript=no");
  const std::string addresses = shell("ip -4 -brief address");
  CHECK_THAT(addresses, Contains("168.63.129.16/32") && Contains("169.254.169.254/32"));
  CHECK_THAT(addresses, Contains("azure0") && Contains("10.0.0.1/24"));
  CHECK_THAT(shell("ip -4 route"), !Contains("default"));

  std::vector<azure::HttpServer::Door> doors;
  doors.push_back({azure::listen_on(azure::kWireServerAddress, azure::kHttpPort),
                   [](const azure::Request& request) {
                     return azure::Answer{200, "text/plain", "asked for " + request.path, {}};
                   }});
  const azure::HttpServer server(std::move(doors));
  CHECK_THAT(shell("curl -s -m 20 http://168.63.129.16/machine"), Contains("asked for /machine"));
  // 67 is 0x43; the DHCP server may need a moment.
  CHECK_THAT(
      shell("for i in 1 2 3 4 5 6 7 8 9 10; do grep ':0043 ' /proc/net/udp && break; sleep 1;"
            " done"),
      Contains(":0043 "));
}
