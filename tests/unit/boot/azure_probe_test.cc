#include "composer/boot/azure_probe.h"

#include <catch2/catch.hpp>

#include "composer/boot/azure_stage.h"
#include "composer/boot/guest_login.h"
#include "composer/boot/private_network.h"

using namespace composer;
using namespace composer::vm;
using Catch::Matchers::Contains;

namespace {

const std::string kAnswer =
    "Welcome!\nimage-composer hostname vm-1\nimage-composer user tester\nimage-composer sudo yes\n"
    "image-composer custom-data abc123\nimage-composer partition-end 14678016\n"
    "image-composer partition-size 14266335\nimage-composer disk-size 14680064\n"
    "image-composer filesystem-size 14000000\nimage-composer clock-service active\n"
    "image-composer failed a.service\nimage-composer failed b\x1b.service\nimage-composer end 1\n";

}  // namespace

TEST_CASE("a guest's answer is read, sizes in bytes") {
  const auto probe = parse_azure_probe(kAnswer);
  REQUIRE(probe);
  CHECK(probe->host_name == "vm-1");
  CHECK(probe->user == "tester");
  CHECK(probe->may_sudo);
  CHECK(probe->custom_data_sha256 == "abc123");
  CHECK(probe->disk_size == 14680064ull * 512);
  CHECK(probe->partition_end == 14678016ull * 512);
  CHECK(probe->filesystem_size == 14000000ull * 512);
  CHECK(probe->clock_service == "active");
  CHECK_FALSE(probe->has_host_clock);
  CHECK(probe->failed_units == std::vector<std::string>{"a.service", "b?.service"});
}

TEST_CASE("an answer that is not whole is none") {
  CHECK_FALSE(parse_azure_probe(""));
  CHECK_FALSE(parse_azure_probe(kAnswer.substr(0, kAnswer.size() - 6)));
  CHECK_FALSE(parse_azure_probe("Permission denied (publickey).\n"));
}

TEST_CASE("numbers of a hostile guest do no harm") {
  const auto probe = parse_azure_probe(
      "image-composer disk-size 99999999999999999999\nimage-composer partition-end -1\n"
      "image-composer filesystem-size 18446744073709551615\nimage-composer end 1");
  REQUIRE(probe);
  CHECK(probe->disk_size == 0);
  CHECK(probe->partition_end == 0);
  CHECK(probe->filesystem_size == 0);
}

TEST_CASE("ssh uses nothing of the user's own") {
  const GuestLogin login = {"tester", "127.0.0.1", 40022, "/w/key", "/w/known_hosts"};
  const std::vector<std::string> list = ssh_arguments(login, "sh -s");
  const auto has = [&](std::string_view word) {
    return std::find(list.begin(), list.end(), word) != list.end();
  };
  CHECK(list.front() == "ssh");
  CHECK(list.back() == "sh -s");
  CHECK(list[list.size() - 2] == "tester@127.0.0.1");
  for (const char* word : {"none", "/w/key", "40022", "UserKnownHostsFile=/w/known_hosts",
                           "GlobalKnownHostsFile=/dev/null", "IdentityAgent=none", "BatchMode=yes",
                           "IdentitiesOnly=yes", "ForwardAgent=no"}) {
    CHECK(has(word));
  }
}

TEST_CASE("the guest's network reaches the two services and nothing else") {
  const std::string network =
      user_network({"/opt/a b,c/image-composer", "relay"}, "/var/tmp/w", 40022, {});
  CHECK(network ==
        "user,id=net,restrict=on,ipv6=off,net=168.0.0.0/7,host=168.10.0.2,dns=168.10.0.3,"
        "dhcpstart=168.10.0.4,hostfwd=tcp:127.0.0.1:40022-168.10.0.4:22,"
        "guestfwd=tcp:169.254.169.254:80-cmd:'/opt/a b,,c/image-composer' 'relay' "
        "'/var/tmp/w/imds',"
        "guestfwd=tcp:168.63.129.16:80-cmd:'/opt/a b,,c/image-composer' 'relay' "
        "'/var/tmp/w/wire',"
        "guestfwd=tcp:168.63.129.16:32526-cmd:'/opt/a b,,c/image-composer' 'relay' "
        "'/var/tmp/w/plugin'");
  CHECK_THAT(user_network({"x"}, "/w", 1, {AzureFault::no_wire_server}),
             !Contains("168.63.129.16"));
}

TEST_CASE("walinuxagent is told by DHCP where the wire server is") {
  azure::VirtualMachine machine;
  machine.mac = "00:0d:3a:10:20:30";
  const std::vector<std::string> list = PrivateNetwork::dhcp_arguments(machine, "/w");
  const auto has = [&](std::string_view word) {
    return std::find(list.begin(), list.end(), word) != list.end();
  };
  // 168.63.129.16, byte by byte.
  CHECK(has("--dhcp-option-force=245,a8:3f:81:10"));
  CHECK(has("--dhcp-host=00:0d:3a:10:20:30,10.0.0.4"));
  CHECK(has("--interface=azure0"));
  CHECK(has("--conf-file=/dev/null"));
}
