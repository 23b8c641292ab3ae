#include "composer/boot/azure_checks.h"

#include <algorithm>
#include <fmt/format.h>

#include "composer/base/base64.h"
#include "composer/base/checksum.h"
#include "composer/base/one_line.h"
#include "composer/boot/azure_outlook.h"

namespace composer::vm {
namespace {

using Outcome = BootCheck::Outcome;
using Findings = std::vector<std::string>;

constexpr std::size_t kMostLines = 10;
/// Between the last partition and the end of a disk: the second partition table, and what rounding
/// to 1 MiB leaves.
constexpr std::uint64_t kEndOfDisk = 4u << 20;
/// A filesystem keeps some of its space for itself.
constexpr double kFilesystemShare = 0.9;

BootCheck check(std::string name, Findings findings) {
  const Outcome outcome = findings.empty() ? Outcome::passed : Outcome::failed;
  return {std::move(name), outcome, std::move(findings)};
}

/// The last lines of what a program of the guest printed.
Findings last_lines(std::string_view output) {
  Findings lines;
  while (!output.empty()) {
    const auto newline = output.find('\n');
    const std::string_view line = output.substr(0, newline);
    output.remove_prefix(newline == std::string_view::npos ? output.size() : newline + 1);
    if (line.find_first_not_of(" \r\t") == std::string_view::npos) continue;
    if (lines.size() == kMostLines) lines.erase(lines.begin());
    lines.push_back("  | " + one_line(line));
  }
  return lines;
}

/// Why neither service was asked anything.
std::string explain_silence(const AzureQuestions& questions,
                            const std::optional<GuestReport>& guest) {
  if (!guest) return "nothing in the guest asked Azure's services: the system did not come up";
  const bool by_cloud_init = questions.agent == AzureAgent::cloud_init;
  const GuestUnit* agent = find_agent(questions, *guest);
  const std::string_view name = by_cloud_init ? "cloud-init" : "walinuxagent";
  if (!agent) return fmt::format("no agent: {} is not in the image", name);
  if (by_cloud_init) {
    return agent->active_since_us != 0 || agent->active_state == "active"
               ? "no Azure datasource: cloud-init ran, and asked neither IMDS nor the wire server; "
                 "'datasource_list' must have Azure"
               : "cloud-init is in the image and did not run: its units are not enabled, or its "
                 "generator found no datasource";
  }
  return agent->active_state == "active"
             ? "walinuxagent runs, and asked the wire server nothing"
             : "walinuxagent is in the image and does not run: its unit is not enabled, or its "
               "condition does not hold";
}

BootCheck reports_ready(const AzureQuestions& questions, const AzureFacts& facts,
                        const std::optional<GuestReport>& guest) {
  Findings findings;
  const azure::ServiceFacts& services = facts.services;
  if (!services.ready_at()) {
    if (services.wire_requests == 0 && services.imds_requests == 0) {
      findings.push_back(explain_silence(questions, guest));
    } else if (services.wire_requests == 0) {
      findings.emplace_back(
          "the guest did not report that it is ready: it asked IMDS, and never the wire server");
    } else {
      findings.emplace_back(
          "the guest did not report that it is ready, though it asked the wire server");
    }
  }
  return check("reports to the wire server that it is ready", std::move(findings));
}

BootCheck reports_no_failure(const AzureFacts& facts) {
  const std::string name = "reports no failed provisioning";
  if (facts.services.health.empty()) return {name, Outcome::skipped, {}};
  Findings findings;
  for (const azure::HealthReport& report : facts.services.health) {
    if (!report.failed()) continue;
    findings.push_back(fmt::format("the guest reported at {:.0f} s that provisioning failed: {}",
                                   report.at, report.description));
  }
  return check(name, std::move(findings));
}

BootCheck asks_imds(const AzureQuestions& questions, const AzureFacts& facts) {
  const azure::ServiceFacts& services = facts.services;
  const std::string name = "asks IMDS, with its header";
  // walinuxagent provisions from the medium; it asks IMDS later, for telemetry, or never.
  if (questions.agent == AzureAgent::waagent && services.imds_requests == 0) {
    return {name, Outcome::skipped, {}};
  }
  Findings findings;
  if (services.imds_requests == 0) {
    findings.emplace_back("the guest did not ask IMDS");
  } else if (services.imds_answered == 0) {
    findings.push_back(
        fmt::format("the guest got no metadata from IMDS in {} requests", services.imds_requests));
  }
  if (services.imds_without_header > 0) {
    findings.push_back(fmt::format("{} requests to IMDS came without 'Metadata: true'",
                                   services.imds_without_header));
  }
  return check(name, std::move(findings));
}

/// @param came_up  The guest reported a start without a fault: a login was due.
BootCheck lets_in(const AzureQuestions& questions, const AzureFacts& facts, bool came_up) {
  std::string name =
      fmt::format("lets {} in over ssh with the given key", questions.machine.user_name);
  Findings findings;
  switch (facts.login) {
    case LoginOutcome::not_tried:
      if (!came_up || !facts.services.ready_at()) return {std::move(name), Outcome::skipped, {}};
      findings.emplace_back("the guest ended before anybody could log in");
      break;
    case LoginOutcome::accepted:
      break;
    case LoginOutcome::refused:
      findings.push_back(fmt::format("sshd refused '{}' with the key that the guest was given",
                                     questions.machine.user_name));
      break;
    case LoginOutcome::unreachable:
      findings.emplace_back("no ssh server answers in the guest");
      break;
  }
  if (!findings.empty()) {
    const Findings words = last_lines(facts.login_words);
    findings.insert(findings.end(), words.begin(), words.end());
  }
  return check(std::move(name), std::move(findings));
}

Findings wrong_custom_data(const azure::VirtualMachine& machine, const AzureProbe& probe) {
  // walinuxagent keeps it as it came, in base64, unless Provisioning.DecodeCustomData is set.
  const std::string plain = sha256_hex(machine.custom_data);
  const std::string encoded = sha256_hex(base64_encode(machine.custom_data));
  if (probe.custom_data_sha256 == plain || probe.custom_data_sha256 == encoded) return {};
  return {probe.custom_data_sha256.empty()
              ? "no agent kept the custom data, which only the provisioning media have; is udf in "
                "the kernel, and not denied?"
              : "the custom data that the agent kept is not what it "
                "was given"};
}

Findings not_grown(const AzureProbe& probe) {
  const auto mib = [](std::uint64_t bytes) { return bytes >> 20; };
  if (probe.disk_size == 0) return {"the root filesystem is on no partition of a disk"};
  if (probe.partition_end + kEndOfDisk < probe.disk_size) {
    return {fmt::format("the root partition ends {} MiB before the end of the disk of {} MiB",
                        mib(probe.disk_size - probe.partition_end), mib(probe.disk_size))};
  }
  if (static_cast<double>(probe.filesystem_size) <
      kFilesystemShare * static_cast<double>(probe.partition_size)) {
    return {fmt::format("the root filesystem has {} MiB of the {} MiB of its partition",
                        mib(probe.filesystem_size), mib(probe.partition_size))};
  }
  return {};
}

Findings wrong_user(const std::string& name, const AzureProbe& probe) {
  Findings findings;
  if (probe.user != name) findings.push_back(fmt::format("the login is '{}'", probe.user));
  if (!probe.may_sudo) findings.push_back(fmt::format("'{}' may not use sudo", name));
  return findings;
}

BootCheck script_check(const std::string& name, const AzureFacts& facts) {
  std::string title = fmt::format("passes {}", name);
  const auto found = std::find_if(facts.scripts.begin(), facts.scripts.end(),
                                  [&](const ScriptResult& ran) { return ran.name == name; });
  if (found == facts.scripts.end()) {
    if (!facts.probe) return {std::move(title), Outcome::skipped, {}};
    return check(std::move(title), {fmt::format("the guest ended before '{}' could run", name)});
  }
  Findings findings;
  const GuestCommandResult& result = found->result;
  if (result.timed_out) {
    findings.push_back(fmt::format("'{}' was not over in time", name));
  } else if (result.status != 0) {
    findings.push_back(fmt::format("'{}' ended with status {}", name, result.status));
  }
  if (!findings.empty()) {
    const Findings lines = last_lines(result.output);
    findings.insert(findings.end(), lines.begin(), lines.end());
  }
  return check(std::move(title), std::move(findings));
}

}  // namespace

std::vector<std::string> agent_units() {
  return {"cloud-init-local.service", "waagent.service", "walinuxagent.service"};
}

void conclude_azure(const AzureQuestions& questions, const AzureFacts& facts,
                    const std::optional<GuestReport>& guest, BootReport& report) {
  const azure::VirtualMachine& machine = questions.machine;
  std::vector<BootCheck> checks;
  checks.push_back(reports_ready(questions, facts, guest));
  checks.push_back(reports_no_failure(facts));
  checks.push_back(asks_imds(questions, facts));
  checks.push_back(lets_in(questions, facts, report.passed));
  // The rest is what the guest answers over ssh.
  const auto add = [&](std::string name, auto&& find) {
    if (facts.probe) {
      checks.push_back(check(std::move(name), find(*facts.probe)));
    } else {
      checks.push_back({std::move(name), Outcome::skipped, {}});
    }
  };
  if (facts.login == LoginOutcome::accepted && !facts.probe) {
    checks.back().outcome = Outcome::failed;
    checks.back().findings = {"the guest let us in, and did not answer"};
    const Findings words = last_lines(facts.login_words);
    checks.back().findings.insert(checks.back().findings.end(), words.begin(), words.end());
  }
  add(fmt::format("is called {}", machine.host_name), [&](const AzureProbe& probe) -> Findings {
    if (probe.host_name == machine.host_name) return {};
    return {fmt::format("the host name is '{}', not '{}'", probe.host_name, machine.host_name)};
  });
  add(fmt::format("has the user {}, who may use sudo", machine.user_name),
      [&](const AzureProbe& probe) { return wrong_user(machine.user_name, probe); });
  add("got its custom data",
      [&](const AzureProbe& probe) { return wrong_custom_data(machine, probe); });
  add("has its root filesystem grown to the disk", not_grown);
  add("keeps time with chrony", [](const AzureProbe& probe) -> Findings {
    if (probe.clock_service == "active") return {};
    return {fmt::format("'chronyd.service' is {}",
                        probe.clock_service.empty() ? "unknown" : probe.clock_service)};
  });
  add("has no failed unit once it is provisioned", [](const AzureProbe& probe) {
    Findings findings;
    for (const std::string& unit : probe.failed_units) {
      findings.push_back(fmt::format("'{}' failed", unit));
    }
    return findings;
  });
  for (const std::string& name : questions.scripts) checks.push_back(script_check(name, facts));

  for (BootCheck& made : checks) {
    if (made.outcome == Outcome::failed) report.passed = false;
    for (const std::string& finding : made.findings) {
      const bool known = std::find(report.findings.begin(), report.findings.end(), finding) !=
                         report.findings.end();
      if (!known || finding.starts_with("  | ")) report.findings.push_back(finding);
    }
    report.checks.push_back(std::move(made));
  }
  if (const auto ready = facts.services.ready_at()) {
    report.ready_seconds = *ready;
    report.notes.push_back(fmt::format("the guest reported ready {:.0f} s after power on", *ready));
  }
  if (facts.probe && !facts.probe->has_host_clock) {
    report.notes.emplace_back(
        "there is no /dev/ptp_hyperv here: that chrony takes the time from the host was not tried");
  }
}

}  // namespace composer::vm
