#include <catch2/catch.hpp>

#include "scalar_reading.h"

using namespace composer::blueprint;
using composer::test::verdict;

TEST_CASE("time servers are hosts, without options") {
  for (const char* text : {"time.example.org", "192.0.2.1", "2001:db8::1", "pool"}) {
    CHECK(verdict(kTimeServer, text) == "ok");
  }
  for (const char* text :
       {"", "a b", "time.example.org iburst", "a\nallow", "-a", "192.0.2.1/24", "a..b"}) {
    CAPTURE(text);
    CHECK(verdict(kTimeServer, text) ==
          "'" + std::string(text) +
              "' is neither a host name nor an address [give one server per entry, without "
              "options: 'time.example.org', '192.0.2.1']");
  }
}

TEST_CASE("interfaces are names and globs") {
  for (const char* text : {"eth0", "en*", "*", "!veth*", "en[ps]*", "br-lan.1"}) {
    CHECK(verdict(kInterface, text) == "ok");
  }
  for (const char* text : {"", "!", "eth0 eth1", "eth0\n", "a=b"}) {
    CAPTURE(text);
    CHECK(verdict(kInterface, text) == "'" + std::string(text) +
                                           "' does not name network interfaces [write it as 'eth0' "
                                           "or 'en*', one per entry]");
  }
}

TEST_CASE("addresses of interfaces have their prefix length, others do not") {
  CHECK(verdict(kInterfaceAddress, "192.0.2.10/24") == "ok");
  CHECK(verdict(kInterfaceAddress, "2001:db8::10/128") == "ok");
  CHECK(verdict(kInterfaceAddress, "192.0.2.10") ==
        "address '192.0.2.10' has no prefix length [write it as '192.0.2.10/24']");
  CHECK(verdict(kInterfaceAddress, "2001:db8::1") ==
        "address '2001:db8::1' has no prefix length [write it as '2001:db8::1/64']");
  CHECK(verdict(kInterfaceAddress, "192.0.2.10/33") ==
        "'33' is not a prefix length [a whole number from 1 to 32]");
  CHECK(verdict(kInterfaceAddress, "192.0.2.10/024") ==
        "'024' is not a prefix length [a whole number from 1 to 32]");
  CHECK(verdict(kInterfaceAddress, "2001:db8::/0") ==
        "'0' is not a prefix length [a whole number from 1 to 128]");
  CHECK(verdict(kInterfaceAddress, "192.0.2/24") ==
        "'192.0.2/24' is not an address with its prefix length [write it as '192.0.2.10/24' or "
        "'2001:db8::10/64']");
  CHECK(verdict(kAddress, "192.0.2.1") == "ok");
  CHECK(verdict(kAddress, "192.0.2.1/24") ==
        "'192.0.2.1/24' is not an IP address [leave the prefix length out]");
  CHECK(verdict(kAddress, std::string("192.0.2.1\0x", 11)) != "ok");
  for (const char* text : {"", "1.2.3", "192.0.2.256", "192.0.2.01", "::g", "fe80::1%eth0", "a"}) {
    CAPTURE(text);
    CHECK(verdict(kAddress, text) == "'" + std::string(text) +
                                         "' is not an IP address [write it as '192.0.2.1' or "
                                         "'2001:db8::1']");
  }
}

TEST_CASE("search domains are domains, or routes to them") {
  for (const char* text : {"example.org", "~example.org", "~.", "local"}) {
    CHECK(verdict(kSearchDomain, text) == "ok");
  }
  for (const char* text : {"", "~", "a b", "a\nDNS=1.1.1.1", "example..org"}) {
    CAPTURE(text);
    CHECK(verdict(kSearchDomain, text) != "ok");
  }
}

TEST_CASE("a network is named without the end of its file") {
  CHECK(verdict(kNetworkName, "10-eth0") == "ok");
  CHECK(verdict(kNetworkName, "10-eth0.network") ==
        "network '10-eth0.network' ends in '.network', which is added [did you mean '10-eth0'?]");
  CHECK(verdict(kNetworkName, "../x") ==
        "'../x' is not the name of a network [begin with a letter or digit, and use only letters, "
        "digits, '.', '_', '-']");
}

TEST_CASE("a firewall opens ports of a protocol, or a service") {
  for (const char* text :
       {"22/tcp", "8000-8010/udp", "1/sctp", "65535/tcp", "ssh", "dhcpv6-client"}) {
    CHECK(verdict(kFirewallEntry, text) == "ok");
  }
  CHECK(verdict(kFirewallEntry, "22") == "port '22' has no protocol [did you mean '22/tcp'?]");
  CHECK(verdict(kFirewallEntry, "22/icmp") ==
        "'22/icmp' has an unknown protocol 'icmp' [use 'tcp', 'udp' or 'sctp']");
  for (const char* text :
       {"0/tcp", "65536/tcp", "a/tcp", "/tcp", "1-/tcp", "-1/tcp", "022/tcp", "1-2-3/tcp"}) {
    CAPTURE(text);
    const std::string ports = std::string(text).substr(0, std::string(text).find('/'));
    CHECK(verdict(kFirewallEntry, text) ==
          "'" + ports +
              "' is neither a port nor a range of ports [ports are whole numbers from 1 to 65535: "
              "'22/tcp', '8000-8010/udp']");
  }
  CHECK(verdict(kFirewallEntry, "80-80/tcp") ==
        "range '80-80' does not end after it begins [write the lower port first]");
  CHECK(verdict(kFirewallEntry, "s sh") ==
        "'s sh' is neither a port nor a service [write it as '22/tcp', '8000-8010/udp' or 'ssh']");
}
