#include "composer/azure/provisioning_media.h"

#include <catch2/catch.hpp>

#include "tests/unit/azure/sample.h"

using namespace composer::azure;
using Catch::Matchers::Contains;

TEST_CASE("ovf-env.xml says who the guest is") {
  const std::string xml = ovf_env(test::sample());
  CHECK_THAT(xml, Contains("<ns1:HostName>vm-1</ns1:HostName>"));
  CHECK_THAT(xml, Contains("<ns1:UserName>tester</ns1:UserName>"));
  CHECK_THAT(xml, Contains("<ns1:Value>ssh-ed25519 AAAAC3Nz image-composer</ns1:Value>"));
  CHECK_THAT(xml, Contains("<ns1:CustomData>I2Nsb3VkLWNvbmZpZwp7fQo=</ns1:CustomData>"));
  CHECK_THAT(xml, Contains("<ns1:ProvisionGuestAgent>true</ns1:ProvisionGuestAgent>"));
  // walinuxagent wants the version in the environment, and compares it with 1.0.
  CHECK_THAT(xml, Contains("<ns1:Version>1.0</ns1:Version>"));
}

TEST_CASE("texts of ovf-env.xml cannot leave their place") {
  VirtualMachine machine = test::sample();
  machine.ssh_public_key = "ssh-rsa </ns1:Value>\"&\x01";
  CHECK_THAT(ovf_env(machine), Contains("ssh-rsa &lt;/ns1:Value&gt;&quot;&amp;?<"));
}
