#include "composer/boot/guest_script.h"

#include <catch2/catch.hpp>

#include "composer/error.h"
#include "composer/host/process.h"

using namespace composer;
using namespace composer::vm;

TEST_CASE("unit names are told from everything else") {
  for (const char* good : {"sshd.service", "multi-user.target", "a@b.service",
                           "dev-disk-by\\x2duuid-1.device", "boot-efi.mount"}) {
    CHECK(is_unit_name(good));
  }
  for (const std::string bad : {"", "sshd", ".service", "a b.service", "a'.service", "$(x).service",
                                "a\n.service", "a/b.service", "x.conf"}) {
    CHECK_FALSE(is_unit_name(bad));
  }
  CHECK_FALSE(is_unit_name(std::string(260, 'a') + ".service"));
}

TEST_CASE("a name that is no unit name never reaches the guest's shell") {
  try {
    guest_script({"multi-user.target", {"x'; reboot; '.service"}});
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::usage);
    CHECK(std::string(error.what()) == "'x'; reboot; '.service' is not the name of a systemd unit");
  }
}

TEST_CASE("the script tells the state of observed units without judging them") {
  const std::string script = guest_script({"multi-user.target", {}, {"waagent.service"}});
  CHECK(script.find("for unit in 'multi-user.target' 'waagent.service'; do") != std::string::npos);
  CHECK(script.find("is-active -- 'multi-user.target' 2>") != std::string::npos);
  CHECK(script.find("@OBSERVED@") == std::string::npos);
  CHECK_THROWS(guest_script({"multi-user.target", {}, {"$(reboot).service"}}));
}

TEST_CASE("the script asks for the target and every service") {
  const std::string script = guest_script({"multi-user.target", {"sshd.service", "a@b.service"}});
  CHECK(script.find("for unit in 'multi-user.target' 'sshd.service' 'a@b.service'; do") !=
        std::string::npos);
  CHECK(script.find("@UNITS@") == std::string::npos);
}

TEST_CASE("the script is shell that parses") {
  SilentProgress progress;
  const host::CommandRunner runner(progress);
  const std::string script = guest_script({"multi-user.target", {"sshd.service"}});
  const auto result = runner.run({{"sh", "-n"}, script, {}});
  CHECK(result.standard_error == "");
  CHECK(result.status == 0);
}

TEST_CASE("the credentials bring two units, and the nonce is in neither") {
  const auto credentials = guest_credentials({"multi-user.target", {}}, "0123abcd");
  std::vector<std::string> names;
  for (const Credential& credential : credentials) {
    names.push_back(credential.name);
    const bool has_nonce = credential.content.find("0123abcd") != std::string::npos;
    CHECK(has_nonce == (credential.name == "image-composer.nonce"));
  }
  CHECK(names == std::vector<std::string>{"image-composer.nonce", "image-composer.report",
                                          "systemd.extra-unit.image-composer-report.service",
                                          "systemd.unit-dropin.sysinit.target",
                                          "systemd.extra-unit.image-composer-initrd.service",
                                          "systemd.unit-dropin.initrd.target"});
  CHECK(credentials[2].content ==
        "[Unit]\n"
        "Description=Report of this start to the machine's second serial port\n"
        "DefaultDependencies=no\n"
        "ConditionPathExists=!/etc/initrd-release\n"
        "Conflicts=shutdown.target\n"
        "Before=shutdown.target\n"
        "\n"
        "[Service]\n"
        "Type=exec\n"
        "ExecStart=/bin/sh /run/credentials/@system/image-composer.report\n"
        "StandardInput=null\n"
        "StandardOutput=null\n"
        "StandardError=null\n");
}

TEST_CASE("a credential becomes the SMBIOS string that systemd reads") {
  CHECK(smbios_string({"a.b", std::string("x\0y", 3)}) == "io.systemd.credential.binary:a.b=eAB5");
}

TEST_CASE("all strings fit the SMBIOS table of 64 KiB with room to spare") {
  std::size_t size = 0;
  for (const Credential& c : guest_credentials({"multi-user.target", {"sshd.service"}}, "n")) {
    size += smbios_string(c).size() + 1;
  }
  CHECK(size < 16384);
}
