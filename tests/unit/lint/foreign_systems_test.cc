#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>

#include "composer/error.h"
#include "composer/lint/sshd_options.h"

#include "tests/unit/lint/sample_image.h"

// The same of what is configured and left in the system.

namespace composer::lint {
namespace {

constexpr const char* kAgent = "/etc/waagent.conf";

std::string outcome(std::string_view rule, const std::function<void(SampleImage&)>& change) {
  SampleImage image = good_image(LintProfile::azure_gen2);
  change(image);
  image.label();
  const Report report = judged(image, LintProfile::azure_gen2);
  const Verdict& verdict =
      std::find_if(report.results.begin(), report.results.end(), [&](const Result& result) {
        return result.rule->id == rule;
      })->verdict;
  switch (verdict.outcome) {
    case Verdict::Outcome::passed:
      return "passed";
    case Verdict::Outcome::failed:
      return "failed: " + verdict.found.front();
    case Verdict::Outcome::skipped:
      return "skipped: " + verdict.reason;
    case Verdict::Outcome::inapplicable:
      return "inapplicable: " + verdict.reason;
  }
  return {};
}

std::string outcome_with(std::string_view rule, const std::string& path, const std::string& text) {
  return outcome(rule, [&](SampleImage& image) { image.root.file(path, text); });
}

TEST_CASE("the agent's options have comments behind them, and defaults") {
  CHECK(outcome_with("resource-disk-swap", kAgent, "ResourceDisk.EnableSwap=Y # as ever\r\n") ==
        "failed: /etc/waagent.conf has ResourceDisk.EnableSwap=y");
  CHECK(outcome_with("provisioning-agent", kAgent, "Provisioning.Agent=auto # x\n") == "passed");
  CHECK(outcome_with("provisioning-agent", kAgent, "") == "passed");
  CHECK(outcome_with("provisioning-agent", kAgent, "Provisioning.Enabled=y\n") ==
        "failed: /etc/waagent.conf has Provisioning.Enabled=y");
}

TEST_CASE("an agent that no package brought is of an unknown version") {
  CHECK(outcome("azure-agent-installed", [](SampleImage& image) {
          image.remove_package("WALinuxAgent");
          image.root.file("/usr/sbin/waagent", "#!/usr/bin/python3\n");
        }) == "skipped: /usr/sbin/waagent is of no package, so its version is not known");
}

TEST_CASE("cloud-init's own list of datasources has Azure") {
  CHECK(outcome("azure-datasource", [](SampleImage& image) {
          image.remove("/etc/cloud/cloud.cfg.d/90-azure-datasource.cfg");
        }) == "passed");
  // The last file by name counts.
  CHECK(outcome_with("azure-datasource", "/etc/cloud/cloud.cfg.d/95.cfg",
                     "datasource_list: [ NoCloud ]\r\n") == "failed: datasource_list is [NoCloud]");
}

TEST_CASE("chrony's files are read as chrony reads them") {
  const auto clock = [](const std::string& text) {
    return outcome_with("ptp-clock", "/etc/chrony.d/azure.conf", text);
  };
  CHECK(clock("RefClock PHC /dev/ptp_hyperv:extpps poll 3\r\n") == "passed");
  CHECK(clock("refclock PHC /dev/ptp_hyperv2 poll 3\n") ==
        "failed: there is 'refclock PHC /dev/ptp_hyperv2 poll 3'");
  // A folder of servers is no place for a clock, and of two files of one name the first is read.
  CHECK(outcome("ptp-clock", [](SampleImage& image) {
          image.root.file("/etc/chrony.conf", "sourcedir /etc/chrony.d\n")
              .file("/etc/chrony.d/a.sources", "refclock PHC /dev/ptp_hyperv\n");
        }) == "failed: there is no refclock PHC /dev/ptp_hyperv");
  CHECK(outcome("ptp-clock", [](SampleImage& image) {
          image.root.file("/etc/chrony.conf", "confdir /run/chrony.d /etc/chrony.d\n")
              .file("/run/chrony.d/azure.conf", "# nothing\n");
        }) == "failed: there is no refclock PHC /dev/ptp_hyperv");
  CHECK(outcome_with("chrony-makestep", "/etc/chrony.conf", "include /etc/chrony.conf\n") ==
        "failed: there is no makestep");
}

TEST_CASE("files that include each other in all ways do not take forever") {
  CHECK(outcome("ptp-clock", [](SampleImage& image) {
          image.root.file("/etc/chrony.conf", "include /etc/chrony.d/*\n");
          for (char c = 'a'; c <= 'z'; ++c) {
            image.root.file(std::string("/etc/chrony.d/") + c, "include /etc/chrony.d/*\n");
          }
        }) == "skipped: chrony's configuration includes its files without end");
  MemoryRoot root;
  root.file("/etc/ssh/sshd_config", "Include *.conf\n");
  for (char c = 'a'; c <= 'z'; ++c) {
    root.file(std::string("/etc/ssh/") + c + ".conf", "Include *.conf\n");
  }
  CHECK_THROWS_WITH(read_sshd_options(root), "sshd's configuration includes its files without end");
}

TEST_CASE("sshd's times and comments are read as sshd reads them") {
  CHECK(sshd_seconds("120") == 120);
  CHECK(sshd_seconds("1m30s") == 90);
  CHECK(sshd_seconds("1H") == 3600);
  CHECK(sshd_seconds("99999999999w") == 100'000'000);
  CHECK(sshd_seconds("") == -1);
  CHECK(sshd_seconds("soon") == -1);
  CHECK(sshd_seconds("5x") == -1);
  MemoryRoot root;
  root.file("/usr/etc/ssh/sshd_config",
            "ClientAliveInterval=2m # for Azure\r\nBanner \"/etc/issue # 1\"\r\n");
  CHECK(read_sshd_options(root) ==
        std::map<std::string, std::string>{{"clientaliveinterval", "2m"},
                                           {"banner", "/etc/issue # 1"}});
}

TEST_CASE("who names the link of the host's clock does not make it") {
  CHECK(outcome("ptp-device-link", [](SampleImage& image) {
          image.root.file("/usr/lib/udev/rules.d/50-udev-default.rules", "# nothing\n")
              .file("/usr/lib/udev/rules.d/51-ptp-hyperv.rules",
                    "KERNEL==\"ptp_hyperv\", TAG+=\"systemd\"\n");
        }) == "failed: no udev rule makes the link");
  CHECK(outcome("azure-disk-links", [](SampleImage& image) {
          image.root.link("/etc/udev/rules.d/80-azure-disk.rules", "/dev/null");
        }) == "failed: there is neither 80-azure-disk.rules nor 66-azure-storage.rules");
}

TEST_CASE("without a network service that knows them SR-IOV devices are no matter") {
  const auto stop_networkd = [](SampleImage& image) {
    image.remove("/etc/systemd/system/multi-user.target.wants/systemd-networkd.service");
    image.root.file("/etc/systemd/system-preset/00.preset", "disable systemd-networkd.service\n");
  };
  CHECK(outcome("sriov-unmanaged", stop_networkd) ==
        "inapplicable: neither systemd-networkd nor NetworkManager is enabled");
  CHECK(outcome("sriov-unmanaged", [&](SampleImage& image) {
          stop_networkd(image);
          image.root.file("/usr/lib/systemd/system/NetworkManager.service", "[Install]\n")
              .link("/etc/systemd/system/x.target.wants/NetworkManager.service", "/x")
              .file("/etc/NetworkManager/conf.d/x.conf",
                    "[keyfile]\nunmanaged-devices=driver:mlx4_core;driver:mlx5_core\n");
        }) == "passed");
}

TEST_CASE("a password field counts when crypt could have made it") {
  const auto shadow = [](const std::string& field) {
    return outcome("root-locked", [&](SampleImage& image) {
      image.root.file("/etc/shadow", "root:" + field + ":20000::::::\n", {0600, 0, 0});
    });
  };
  CHECK(shadow("*") == "passed");
  CHECK(shadow("!!") == "passed");
  CHECK(shadow("!unprovisioned") == "passed");
  CHECK(shadow("NP") == "passed");
  CHECK(shadow("") == "failed: root has an empty password in /etc/shadow");
  CHECK(shadow("$y$j9T$salt$hash") == "failed: root has a password in /etc/shadow");
  CHECK(shadow("abJnggxhB/yWI") == "failed: root has a password in /etc/shadow");
  CHECK(shadow("!$6$salt$hash") == "failed: root has the hash of a locked password in /etc/shadow");
}

TEST_CASE("keys are found where sshd is told to look for them") {
  CHECK(outcome("no-authorized-keys", [](SampleImage& image) {
          image.root.file("/etc/ssh/sshd_config.d/60.conf", "AuthorizedKeysFile /etc/keys/%u x\n")
              .file("/etc/keys/ops", "ssh-ed25519 AAAA\n");
        }) == "failed: /etc/keys/ops has keys");
}

TEST_CASE("what is too large to be read is not known") {
  CHECK(outcome("no-authorized-keys", [](SampleImage& image) {
          image.root.file("/root/.ssh/authorized_keys", std::string(5 << 20, '#'));
        }) == "skipped: /root/.ssh/authorized_keys is larger than 4 MiB");
}

TEST_CASE("another distribution's group may read the shadow file, Azure Linux's none") {
  const auto debian = [](SampleImage& image) {
    image.root.file("/etc/group", "root:x:0:\nshadow:x:42:\n");
    image.root.set_attributes("/etc/shadow", {0640, 0, 42});
  };
  CHECK(outcome("shadow-private", debian) == "failed: /etc/shadow has mode 0640, owner 0:42");
  CHECK(outcome("shadow-private", [&](SampleImage& image) {
          debian(image);
          image.root.file("/etc/os-release", "ID=debian\nVERSION_ID=12\n");
        }) == "passed");
}

TEST_CASE("leftovers are files, wherever they are below the folder") {
  CHECK(outcome("no-temporary-files",
                [](SampleImage& image) { image.root.directory("/tmp/.X11-unix"); }) == "passed");
  CHECK(outcome_with("no-cloud-init-state", "/var/lib/cloud/seed/nocloud/meta-data", "x") ==
        "failed: /var/lib/cloud/seed/nocloud/meta-data is there");
  CHECK(outcome_with("no-logs", "/var/log/anaconda/packaging.log", "x") ==
        "failed: /var/log/anaconda/packaging.log is there");
  CHECK(outcome_with("no-logs", "/var/log/lastlog", "") == "passed");
  CHECK(outcome_with("machine-id-unset", "/var/lib/dbus/machine-id", "0123\n") ==
        "failed: /var/lib/dbus/machine-id has an id");
  std::string page(4096, '\0');
  page.replace(4086, 10, "SWAPSPACE2");
  CHECK(outcome_with("no-swap-file", "/var/more", page) == "failed: /var/more has 4 KiB");
}

TEST_CASE("repositories take signatures and release from where the package manager does") {
  const std::string file = "/etc/yum.repos.d/azurelinux.repo";
  CHECK(outcome("repository-signatures", [&](SampleImage& image) {
          image.root.file("/etc/dnf/dnf.conf", "[main]\ngpgcheck=True\n")
              .file("/etc/pki/rpm-gpg/KEY-4", "a key")
              .file(file,
                    "[a]\nbaseurl=https://x/\n"
                    "gpgkey=file:///etc/pki/rpm-gpg/KEY-${releasever_major}\n"
                    "[b]\nbaseurl=https://x/\ngpgkey=file:///etc/pki/rpm-gpg/KEY-$releasever\n"
                    "[c]\nbaseurl=https://x/\ngpgkey=file:///etc/pki/rpm-gpg/KEY-$other\n"
                    "[d]\nenabled=False\n");
        }) == "passed");
  CHECK(outcome("repository-signatures", [&](SampleImage& image) { image.remove(file); }) ==
        "inapplicable: no repository of packages is enabled");
}

TEST_CASE("a permissive SELinux without a policy is none") {
  const auto without_policy = [](SampleImage& image) {
    image.remove("/etc/selinux/targeted");
    image.edit("/etc/selinux/config", "enforcing", "Permissive");
    image.root.file("/etc/new", "");
  };
  CHECK(outcome("selinux-policy", without_policy) ==
        "inapplicable: SELinux is permissive, and has no policy to load");
  CHECK(outcome("selinux-labels", without_policy) == "inapplicable: SELinux has no policy to load");
}

TEST_CASE("an image whose packages are not rpm's is a FIPS image by its files alone") {
  CHECK(outcome("fips-argument", [](SampleImage& image) { image.subject.packages.reset(); }) ==
        "passed");
}

TEST_CASE("a system that labels itself at the first start needs no labels yet") {
  SampleImage image = good_image(LintProfile::azure_gen2);
  image.root.file("/.autorelabel", "");
  const Report report = judged(image, LintProfile::azure_gen2);
  CHECK(failing(report).empty());
}

}  // namespace
}  // namespace composer::lint
