#include "composer/boot/azure_checks.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "composer/base/base64.h"
#include "composer/base/checksum.h"

using namespace composer;
using namespace composer::vm;

namespace {

using Outcome = BootCheck::Outcome;

AzureQuestions questions() {
  AzureQuestions asked;
  asked.machine = {"vm-1", "tester", "ssh-ed25519 AAAA", "data", "id", "mac", "168.10.0.4", true};
  asked.scripts = {"checks.sh"};
  return asked;
}

/// A guest that provisioned: what a real one answered, in round numbers.
AzureFacts good() {
  AzureFacts facts;
  facts.services.imds_requests = 2;
  facts.services.imds_answered = 2;
  facts.services.goal_states = 1;
  facts.services.wire_requests = 2;
  facts.services.health = {{"Ready", "", "", 43}};
  facts.login = LoginOutcome::accepted;
  AzureProbe probe;
  probe.host_name = "vm-1";
  probe.user = "tester";
  probe.may_sudo = true;
  probe.custom_data_sha256 = sha256_hex("data");
  probe.disk_size = 7ull << 30;
  probe.partition_end = (7ull << 30) - (1 << 20);
  probe.partition_size = (7ull << 30) - (201 << 20);
  probe.filesystem_size = probe.partition_size / 100 * 97;
  probe.clock_service = "active";
  facts.probe = probe;
  facts.scripts = {{"checks.sh", {0, "fine\n", false}}};
  return facts;
}

GuestReport running() {
  GuestReport guest;
  guest.units["cloud-init-local.service"] = {"loaded", "active", "exited", "success", 5, {}};
  guest.units["waagent.service"] = {"not-found", "inactive", "dead", "success", 0, {}};
  return guest;
}

BootReport conclude(const AzureFacts& facts, const AzureQuestions& asked = questions(),
                    const std::optional<GuestReport>& guest = running()) {
  BootReport report;
  report.passed = true;
  conclude_azure(asked, facts, guest, report);
  return report;
}

Outcome outcome(const BootReport& report, std::string_view name) {
  for (const BootCheck& check : report.checks) {
    if (check.name == name) return check.outcome;
  }
  FAIL("no check '" << name << "'");
  return Outcome::skipped;
}

}  // namespace

TEST_CASE("a guest that provisioned passes, and what could not be tried is said") {
  const BootReport report = conclude(good());
  CHECK(report.passed);
  CHECK(report.findings.empty());
  CHECK(report.ready_seconds == 43);
  std::vector<std::string> names;
  for (const BootCheck& check : report.checks) {
    CHECK(check.outcome == Outcome::passed);
    names.push_back(check.name);
  }
  CHECK(names == std::vector<std::string>{
                     "reports to the wire server that it is ready",
                     "reports no failed provisioning", "asks IMDS, with its header",
                     "lets tester in over ssh with the given key", "is called vm-1",
                     "has the user tester, who may use sudo", "got its custom data",
                     "has its root filesystem grown to the disk", "keeps time with chrony",
                     "has no failed unit once it is provisioned", "passes checks.sh"});
  CHECK(report.notes ==
        std::vector<std::string>{"the guest reported ready 43 s after power on",
                                 "there is no /dev/ptp_hyperv here: that chrony takes the time "
                                 "from the host was not tried"});
}

TEST_CASE("a guest that ends before it was looked at does not pass") {
  AzureFacts facts = good();
  facts.login = LoginOutcome::not_tried;
  facts.probe.reset();
  facts.scripts.clear();
  const BootReport report = conclude(facts);
  CHECK_FALSE(report.passed);
  CHECK(report.findings == std::vector<std::string>{"the guest ended before anybody could log in"});

  facts = good();
  facts.scripts.clear();
  CHECK(conclude(facts).findings ==
        std::vector<std::string>{"the guest ended before 'checks.sh' could run"});
}

TEST_CASE("who asked nothing is explained by what the image has") {
  AzureFacts facts = good();
  facts.services = {};
  facts.probe.reset();
  facts.login = LoginOutcome::refused;
  facts.scripts.clear();
  GuestReport guest = running();
  guest.units["cloud-init-local.service"] = {"not-found", "inactive", "dead", "", 0, {}};
  BootReport report = conclude(facts, questions(), guest);
  CHECK_FALSE(report.passed);
  CHECK(report.findings[0] == "no agent: cloud-init is not in the image");
  CHECK(outcome(report, "is called vm-1") == Outcome::skipped);
  CHECK(outcome(report, "passes checks.sh") == Outcome::skipped);

  guest.units["cloud-init-local.service"] = {"loaded", "inactive", "dead", "success", 0, {}};
  CHECK(conclude(facts, questions(), guest).findings[0] ==
        "cloud-init is in the image and did not run: its units are not enabled, or its generator "
        "found no datasource");
  guest.units["cloud-init-local.service"] = {"loaded", "active", "exited", "success", 5, {}};
  CHECK(conclude(facts, questions(), guest).findings[0] ==
        "no Azure datasource: cloud-init ran, and asked neither IMDS nor the wire server; "
        "'datasource_list' must have Azure");
  CHECK(conclude(facts, questions(), std::nullopt).findings[0] ==
        "nothing in the guest asked Azure's services: the system did not come up");

  AzureQuestions by_agent = questions();
  by_agent.agent = AzureAgent::waagent;
  CHECK(conclude(facts, by_agent, guest).findings[0] ==
        "no agent: walinuxagent is not in the image");
  guest.units["waagent.service"] = {"loaded", "inactive", "dead", "success", 0, {}};
  CHECK(conclude(facts, by_agent, guest).findings[0] ==
        "walinuxagent is in the image and does not run: its unit is not enabled, or its condition "
        "does not hold");
}

TEST_CASE("a key that sshd refuses is said with ssh's words") {
  AzureFacts facts = good();
  facts.probe.reset();
  facts.scripts.clear();
  facts.login = LoginOutcome::refused;
  facts.login_words = "tester@127.0.0.1: Permission denied (publickey).\r\n";
  const BootReport report = conclude(facts);
  CHECK_FALSE(report.passed);
  CHECK(report.findings ==
        std::vector<std::string>{"sshd refused 'tester' with the key that the guest was given",
                                 "  | tester@127.0.0.1: Permission denied (publickey). "});
  CHECK(outcome(report, "reports to the wire server that it is ready") == Outcome::passed);
  facts.login = LoginOutcome::unreachable;
  CHECK(conclude(facts).findings[0] == "no ssh server answers in the guest");
}

TEST_CASE("a guest that says that provisioning failed fails, and one that is on the way does not") {
  AzureFacts facts = good();
  facts.services.health = {{"NotReady", "Provisioning", "Starting", 20}, {"Ready", "", "", 43}};
  CHECK(conclude(facts).passed);
  facts.services.health = {{"NotReady", "ProvisioningFailed", "result=error|reason=x", 20.4}};
  const BootReport report = conclude(facts);
  CHECK_FALSE(report.passed);
  CHECK(report.findings ==
        std::vector<std::string>{
            "the guest did not report that it is ready, though it asked the wire server",
            "the guest reported at 20 s that provisioning failed: result=error|reason=x"});
}

TEST_CASE("IMDS that was not asked, not answered or asked without its header is found") {
  AzureFacts facts = good();
  facts.services.imds_requests = 0;
  CHECK(conclude(facts).findings[0] == "the guest did not ask IMDS");
  AzureQuestions by_agent = questions();
  by_agent.agent = AzureAgent::waagent;
  CHECK(conclude(facts, by_agent).passed);
  facts.services.imds_requests = 7;
  facts.services.imds_answered = 0;
  CHECK(conclude(facts).findings[0] == "the guest got no metadata from IMDS in 7 requests");
  facts.services.imds_answered = 5;
  facts.services.imds_without_header = 2;
  CHECK(conclude(facts).findings[0] == "2 requests to IMDS came without 'Metadata: true'");
  facts.services.wire_requests = 0;
  facts.services.health.clear();
  CHECK(conclude(facts).findings[0] ==
        "the guest did not report that it is ready: it asked IMDS, and never the wire server");
}

TEST_CASE("each thing that the guest was told is compared") {
  AzureFacts facts = good();
  facts.probe->host_name = "localhost";
  facts.probe->user = "root";
  facts.probe->may_sudo = false;
  facts.probe->custom_data_sha256 = sha256_hex("other");
  facts.probe->clock_service = "inactive";
  facts.probe->failed_units = {"cloud-final.service"};
  const BootReport report = conclude(facts);
  CHECK_FALSE(report.passed);
  CHECK(report.findings ==
        std::vector<std::string>{"the host name is 'localhost', not 'vm-1'", "the login is 'root'",
                                 "'tester' may not use sudo",
                                 "the custom data that the agent kept is not what it was given",
                                 "'chronyd.service' is inactive", "'cloud-final.service' failed"});
  facts.probe->custom_data_sha256.clear();
  CHECK(conclude(facts).checks[6].findings[0] ==
        "no agent kept the custom data, which only the provisioning media have; is udf in the "
        "kernel, and not denied?");
  facts.probe->custom_data_sha256 = sha256_hex(base64_encode("data"));
  CHECK(conclude(facts).checks[6].outcome == Outcome::passed);
}

TEST_CASE("a root filesystem that did not grow is found, by partition or by filesystem") {
  AzureFacts facts = good();
  const auto finding = [&] { return conclude(facts).findings.at(0); };
  facts.probe->partition_end = 5ull << 30;
  CHECK(finding() == "the root partition ends 2048 MiB before the end of the disk of 7168 MiB");
  facts = good();
  facts.probe->filesystem_size = 4800ull << 20;
  CHECK(finding() == "the root filesystem has 4800 MiB of the 6967 MiB of its partition");
  facts.probe->disk_size = 0;
  CHECK(finding() == "the root filesystem is on no partition of a disk");
}

TEST_CASE("a script that fails shows the end of what it printed") {
  AzureFacts facts = good();
  facts.scripts[0].result = {3, "one\ntwo\x1b[2J\n\n", false};
  BootReport report = conclude(facts);
  CHECK_FALSE(report.passed);
  CHECK(report.findings ==
        std::vector<std::string>{"'checks.sh' ended with status 3", "  | one", "  | two?[2J"});
  facts.scripts[0].result.timed_out = true;
  CHECK(conclude(facts).findings[0] == "'checks.sh' was not over in time");
}

TEST_CASE("a guest that lets us in and says nothing fails") {
  AzureFacts facts = good();
  facts.probe.reset();
  facts.login_words = "sh: not found\n";
  const BootReport report = conclude(facts);
  CHECK_FALSE(report.passed);
  CHECK(report.findings[0] == "the guest let us in, and did not answer");
}
