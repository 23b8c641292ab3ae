#include "sample.h"

// The steps about the network: interfaces, firewall, time servers, repositories.

using namespace composer;
using Catch::Matchers::Equals;

namespace {

Plan opening(FirewallBackend backend, std::vector<std::string> open) {
  Plan plan = test::sample_plan();
  plan.system.firewall = PlannedFirewall{backend, std::move(open)};
  return plan;
}

std::string refusal(const char* step, const Plan& plan, MemoryRoot root = test::sample_root()) {
  return test::message_of([&] { test::apply(step, plan, root); });
}

PlannedRepository repository(std::string url) {
  return {.id = "base",
          .baseurls = {std::move(url)},
          .repomd_sha256 = "",
          .keys = {{"ABCD", "base.asc", "first key\n"}, {"EF01", "more.asc", "second key"}},
          .in_image = true};
}

}  // namespace

TEST_CASE("a network with fixed addresses asks no DHCP, and one without anything does") {
  MemoryRoot root = test::sample_root();
  test::apply("network", test::full_plan(), root);
  CHECK(root.read("/etc/systemd/network/10-eth0.network") ==
        "[Match]\nName=eth0 en*\n\n[Network]\nDHCP=no\nAddress=192.0.2.10/24\nGateway=192.0.2.1\n"
        "DNS=192.0.2.53\nDomains=example.org\n");
  Plan plan = test::sample_plan();
  plan.system.network = {{.name = "all", .match = {"*"}, .gateway = ""}};
  test::apply("network", plan, root);
  CHECK(root.read("/etc/systemd/network/all.network") ==
        "[Match]\nName=*\n\n[Network]\nDHCP=yes\n");
}

TEST_CASE("networks need systemd-networkd, names of files and values of one line") {
  Plan plan = test::full_plan();
  CHECK_THAT(refusal("network", plan, MemoryRoot()),
             Equals("error: cannot set up the network: the image has no systemd-networkd\n"
                    "  hint: add 'systemd-networkd' to packages.install\n"));
  plan.system.network[0].search = {"a\nDNS=192.0.2.66"};
  CHECK_THAT(refusal("network", plan),
             Equals("error: 'a' holds a control character and cannot be a line of a file\n"));
  plan.system.network[0].name = "../../../etc/passwd";
  CHECK_THAT(refusal("network", plan),
             Equals("error: '../../../etc/passwd' is not the name of a network\n"));
}

TEST_CASE("nftables gets a ruleset where its service looks for one") {
  MemoryRoot root = test::sample_root();
  test::apply("firewall", opening(FirewallBackend::nftables, {"22/tcp", "8000-8010/tcp", "53/udp"}),
              root);
  CHECK(root.read("/etc/sysconfig/nftables.conf") ==
        "#!/usr/sbin/nft -f\n"
        "# The firewall of the blueprint.\n"
        "flush ruleset\n"
        "\n"
        "table inet filter {\n"
        "\tchain input {\n"
        "\t\ttype filter hook input priority filter; policy drop;\n"
        "\t\tct state established,related accept\n"
        "\t\tct state invalid drop\n"
        "\t\tiifname \"lo\" accept\n"
        "\t\tmeta l4proto { icmp, ipv6-icmp } accept\n"
        "\t\tip6 saddr fe80::/10 udp dport 546 accept\n"
        "\t\ttcp dport { 22, 8000-8010 } accept\n"
        "\t\tudp dport { 53 } accept\n"
        "\t}\n"
        "}\n");
  CHECK(root.status("/etc/sysconfig/nftables.conf")->mode == 0600);
}

TEST_CASE("nftables without its service, its file or with a service's name is refused") {
  const Plan plan = opening(FirewallBackend::nftables, {"22/tcp"});
  CHECK_THAT(refusal("firewall", plan, MemoryRoot()),
             Equals("error: cannot set up nftables: the image has no 'nftables.service'\n"
                    "  hint: add 'nftables' to packages.install\n"));
  MemoryRoot odd = test::sample_root();
  odd.file("/usr/lib/systemd/system/nftables.service", "[Service]\nExecStart=/bin/true\n");
  CHECK_THAT(refusal("firewall", plan, odd),
             Equals("error: cannot tell which rules '/usr/lib/systemd/system/nftables.service' of "
                    "the image loads\n  hint: use 'files'\n"));
  CHECK_THAT(refusal("firewall", opening(FirewallBackend::nftables, {"ssh"})),
             Equals("error: nftables knows ports only, and 'ssh' is a service\n"));
  CHECK_THAT(refusal("firewall", opening(FirewallBackend::nftables, {"22/tcp } accept; {"})),
             Equals("error: '22/tcp } accept; {' is neither a port nor a service of a firewall\n"));
}

TEST_CASE("a file where the image's firewall has its rules is refused") {
  Plan plan = opening(FirewallBackend::nftables, {"22/tcp"});
  plan.system.files = {{.path = "/etc/sysconfig/nftables.conf", .content = "x"}};
  CHECK_THAT(refusal("firewall", plan),
             Equals("error: the file '/etc/sysconfig/nftables.conf' cannot be written: it is what "
                    "'firewall' writes\n  hint: remove one of the two\n"));
}

TEST_CASE("firewalld gets the zone that interfaces are in, and knows its services") {
  MemoryRoot root = test::sample_root();
  root.file("/usr/lib/firewalld/services/ssh.xml", "<service/>")
      .file("/etc/firewalld/firewalld.conf", "# comment\nDefaultZone=azure\n");
  const Plan plan = opening(FirewallBackend::firewalld, {"ssh", "443/tcp"});
  test::apply("firewall", plan, root);
  CHECK(root.read("/etc/firewalld/zones/azure.xml") ==
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
        "<zone>\n"
        "  <short>azure</short>\n"
        "  <description>What the blueprint opens.</description>\n"
        "  <service name=\"dhcpv6-client\"/>\n"
        "  <service name=\"ssh\"/>\n"
        "  <port protocol=\"tcp\" port=\"443\"/>\n"
        "  <forward/>\n"
        "</zone>\n");
  CHECK_THAT(refusal("firewall", opening(FirewallBackend::firewalld, {"shs"}), root),
             Equals("error: firewalld in the image knows no service 'shs'\n"
                    "  hint: did you mean 'ssh'?\n"));
  CHECK_THAT(refusal("firewall", plan),
             Equals("error: cannot set up firewalld: the image does not have it\n"
                    "  hint: add 'firewalld' to packages.install\n"));
}

TEST_CASE("a default zone that would leave its folder is not believed") {
  MemoryRoot root = test::sample_root();
  root.file("/usr/lib/firewalld/services/ssh.xml", "<service/>")
      .file("/etc/firewalld/firewalld.conf", "DefaultZone=../../passwd\n");
  test::apply("firewall", opening(FirewallBackend::firewalld, {}), root);
  CHECK(root.exists("/etc/firewalld/zones/public.xml"));
}

TEST_CASE("the blueprint's time servers take the place of chrony's own, and its clocks stay") {
  MemoryRoot root = test::sample_root();
  test::apply("time servers", test::full_plan(), root);
  CHECK(root.read("/etc/chrony.d/blueprint.conf") ==
        "# The time servers of the blueprint.\n"
        "server time.example.org iburst\npool pool.example.org iburst\n");
  CHECK(root.read("/etc/chrony.conf") ==
        "# Use public servers.\n#pool pool.ntp.org iburst\n#\tServer a.example.org\n"
        "refclock PHC /dev/ptp_hyperv poll 3\nsourcedir /run/chrony-dhcp\n"
        "confdir /etc/chrony.d\n");
  CHECK(root.status("/etc/chrony.conf")->mode == 0640);
}

TEST_CASE("chrony's configuration reads its folder once, wherever it is") {
  for (const char* line : {"confdir /etc/chrony.d", "include /etc/chrony.d/*.conf",
                           "ConfDir /etc/other /etc/chrony.d"}) {
    CAPTURE(line);
    MemoryRoot root;
    root.file("/etc/chrony/chrony.conf", std::string(line) + "\n")
        .link("/etc/chrony.conf", "chrony/chrony.conf");
    test::apply("time servers", test::full_plan(), root);
    CHECK(root.read("/etc/chrony/chrony.conf") == std::string(line) + "\n");
    CHECK(root.read_link("/etc/chrony.conf") == "chrony/chrony.conf");
  }
}

TEST_CASE("time servers without chrony are refused") {
  CHECK_THAT(refusal("time servers", test::full_plan(), MemoryRoot()),
             Equals("error: cannot set time servers: the image has no '/etc/chrony.conf'\n"
                    "  hint: add 'chrony' to packages.install\n"));
}

TEST_CASE("a repository stays in the image with its keys, is checked and never skipped") {
  MemoryRoot root = test::sample_root();
  Plan plan = test::sample_plan();
  plan.repositories = {repository("https://example.org/base")};
  plan.repositories[0].baseurls.emplace_back("http://mirror.example.org/base");
  test::apply("repositories", plan, root);
  CHECK(root.read("/etc/yum.repos.d/base.repo") ==
        "[base]\nname=base\nbaseurl=https://example.org/base\n"
        "        http://mirror.example.org/base\nenabled=1\ngpgcheck=1\n"
        "gpgkey=file:///etc/pki/rpm-gpg/RPM-GPG-KEY-base\n"
        "       file:///etc/pki/rpm-gpg/RPM-GPG-KEY-base-2\nskip_if_unavailable=False\n");
  CHECK(root.read("/etc/pki/rpm-gpg/RPM-GPG-KEY-base") == "first key\n");
  CHECK(root.read("/etc/pki/rpm-gpg/RPM-GPG-KEY-base-2") == "second key\n");
}

TEST_CASE("a repository that only the build can reach, or without a key, does not stay") {
  Plan plan = test::sample_plan();
  plan.repositories = {repository("file:///srv/base")};
  CHECK_THAT(refusal("repositories", plan),
             Equals("error: repository 'base' cannot stay in the image: 'file:///srv/base' is on "
                    "the machine that builds\n"));
  plan.repositories = {repository("https://example.org/base")};
  plan.repositories[0].keys.clear();
  CHECK_THAT(refusal("repositories", plan),
             Equals("error: repository 'base' cannot stay in the image: it has no key that its "
                    "packages are checked against\n"));
  plan.repositories = {repository("https://example.org/\nenabled=0")};
  CHECK_THAT(refusal("repositories", plan),
             Equals("error: 'https://example.org/' holds a control character and cannot be a line "
                    "of a file\n"));
  plan.repositories[0].in_image = false;
  CHECK_FALSE(test::step("repositories").wanted(plan));
}
