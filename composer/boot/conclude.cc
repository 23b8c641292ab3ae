#include <algorithm>
#include <fmt/format.h>
#include <iterator>

#include "composer/boot/judge.h"

namespace composer::vm {
namespace {

using Outcome = BootCheck::Outcome;

constexpr std::string_view kLogIndent = "  | ";

std::string_view to_text(BootPhase phase) {
  switch (phase) {
    case BootPhase::firmware:
      return "the firmware";
    case BootPhase::loader:
      return "the boot loader";
    case BootPhase::kernel:
      return "the kernel and its initramfs";
    case BootPhase::system:
      return "the system's services";
  }
  return "nowhere";
}

double seconds(std::uint64_t microseconds) {
  return static_cast<double>(microseconds) / 1e6;
}

/// A check from what is wrong with it.
BootCheck check(std::string name, std::vector<std::string> findings) {
  const Outcome outcome = findings.empty() ? Outcome::passed : Outcome::failed;
  return {std::move(name), outcome, std::move(findings)};
}

/// Why there is no report, the most telling line first.
std::vector<std::string> explain_silence(const BootQuestions& questions, const BootFacts& facts,
                                         const VerdictReader& verdict) {
  std::vector<std::string> lines = facts.fatal;
  if (verdict.damaged()) {
    lines.push_back(
        "the guest's report came damaged: something else writes to its second serial "
        "port");
  } else if (facts.timed_out) {
    lines.push_back(fmt::format("the guest did not report within {:g} s; it came as far as {}",
                                questions.within_seconds, to_text(facts.furthest)));
  } else if (facts.ended_at) {
    lines.push_back(fmt::format(
        "the guest powered off or restarted before it reported, {:.0f} s after power on",
        *facts.ended_at));
  } else if (facts.given_up) {
    lines.push_back(fmt::format("the end of its start was not waited for: {}", *facts.given_up));
  } else if (facts.fatal.empty()) {
    lines.push_back(
        "the guest did not report: it shows a login prompt, but its systemd took no unit "
        "from the machine's firmware (256 and newer do)");
  }
  for (const std::string& job : verdict.waiting_for()) {
    lines.push_back(fmt::format("it was still waiting for '{}'", job));
  }
  lines.insert(lines.end(), facts.errors.begin(), facts.errors.end());
  lines.insert(lines.end(), facts.notices.begin(), facts.notices.end());
  if (facts.timed_out && !facts.last_line.empty()) {
    lines.push_back(fmt::format("the last line of its console: '{}'", facts.last_line));
  }
  return lines;
}

std::string describe(const std::string& name, const GuestUnit& unit) {
  if (unit.load_state == "not-found") return fmt::format("'{}' is not in the image", name);
  if (unit.load_state == "masked") return fmt::format("'{}' is masked", name);
  std::string text = fmt::format(
      "'{}' is {}", name, unit.active_state.empty() ? "unknown to systemd" : unit.active_state);
  if (!unit.sub_state.empty() && unit.sub_state != unit.active_state && unit.sub_state != "dead") {
    text += fmt::format(" ({})", unit.sub_state);
  }
  if (!unit.result.empty() && unit.result != "success") {
    text += fmt::format(", result '{}'", unit.result);
  }
  return text;
}

std::vector<std::string> with_log(std::string line, const GuestUnit& unit) {
  std::vector<std::string> lines = {std::move(line)};
  for (const std::string& entry : unit.log) lines.push_back(std::string(kLogIndent) + entry);
  return lines;
}

GuestUnit find_unit(const GuestReport& guest, const std::string& name) {
  const auto found = guest.units.find(name);
  return found == guest.units.end() ? GuestUnit{} : found->second;
}

BootCheck must_be_active(const GuestReport& guest, const std::string& unit, std::string name) {
  const GuestUnit state = find_unit(guest, unit);
  if (state.active_state == "active") return check(std::move(name), {});
  return check(std::move(name), with_log(describe(unit, state), state));
}

BootCheck no_failed_unit(const GuestReport& guest) {
  std::vector<std::string> findings;
  if (guest.system_state == "maintenance") {
    findings.emplace_back("the system is in emergency or rescue mode");
  }
  for (const std::string& name : guest.failed) {
    const GuestUnit unit = find_unit(guest, name);
    const auto lines = with_log(describe(name, unit), unit);
    findings.insert(findings.end(), lines.begin(), lines.end());
  }
  if (findings.empty() && guest.system_state != "running") {
    findings.push_back(
        fmt::format("the system's state is '{}', not 'running'", guest.system_state));
  }
  return check("has no failed unit", std::move(findings));
}

BootCheck everything_mounted(const GuestReport& guest) {
  std::vector<std::string> findings;
  for (const std::string& place : guest.unmounted) {
    findings.push_back(fmt::format("'{}' of /etc/fstab is not mounted", place));
  }
  return check("mounts what /etc/fstab names", std::move(findings));
}

void add_times(const GuestReport& guest, const std::string& target, BootReport& report) {
  report.kernel_seconds = seconds(guest.userspace_us);
  const std::uint64_t reached = find_unit(guest, target).active_since_us;
  const std::uint64_t until = reached != 0 ? reached : guest.finish_us;
  if (until > guest.userspace_us) report.userspace_seconds = seconds(until - guest.userspace_us);
}

/// Power on to the kernel's first moment: by the guest's own clock where it spoke, else by the
/// console.
double firmware_seconds(const BootFacts& facts, const VerdictReader& verdict) {
  const auto uptime = verdict.initrd_hello() ? verdict.initrd_hello() : verdict.system_hello();
  if (facts.first_hello_at && uptime) return std::max(0.0, *facts.first_hello_at - *uptime);
  return facts.kernel_at.value_or(0);
}

/// Appends findings that are not there yet, each with its log lines: a unit that was asked for and
/// failed is found twice.
void add_new(const std::vector<std::string>& from, std::vector<std::string>& to) {
  bool known = false;
  for (const std::string& line : from) {
    if (!line.starts_with(kLogIndent)) known = std::find(to.begin(), to.end(), line) != to.end();
    if (!known) to.push_back(line);
  }
}

}  // namespace

BootReport conclude(const BootQuestions& questions, const BootFacts& facts,
                    const VerdictReader& verdict) {
  const std::string& target = questions.guest.target;
  const auto active = [](const std::string& unit) { return fmt::format("has {} active", unit); };
  const std::string reaches = fmt::format("reaches {}", target);

  BootReport report;
  report.firmware_seconds = firmware_seconds(facts, verdict);
  if (verdict.report()) {
    const GuestReport& guest = *verdict.report();
    report.system_state = guest.system_state;
    report.kernel = guest.kernel;
    report.hostname = guest.hostname;
    report.failed_units = guest.failed;
    add_times(guest, target, report);
    std::vector<std::string> shown = facts.fatal;
    shown.insert(shown.end(), facts.errors.begin(), facts.errors.end());
    report.checks.push_back(check("starts and reports", {}));
    report.checks.push_back(must_be_active(guest, target, reaches));
    report.checks.push_back(no_failed_unit(guest));
    for (const std::string& service : questions.guest.services) {
      report.checks.push_back(must_be_active(guest, service, active(service)));
    }
    report.checks.push_back(everything_mounted(guest));
    report.checks.push_back(check("shows no error on its console", std::move(shown)));
  } else {
    report.checks.push_back(
        check("starts and reports", explain_silence(questions, facts, verdict)));
    report.checks.push_back({reaches, Outcome::skipped, {}});
    report.checks.push_back({"has no failed unit", Outcome::skipped, {}});
    for (const std::string& service : questions.guest.services) {
      report.checks.push_back({active(service), Outcome::skipped, {}});
    }
    report.checks.push_back({"mounts what /etc/fstab names", Outcome::skipped, {}});
    report.checks.push_back({"shows no error on its console", Outcome::skipped, {}});
  }
  report.passed = std::all_of(report.checks.begin(), report.checks.end(),
                              [](const BootCheck& c) { return c.outcome == Outcome::passed; });
  for (const BootCheck& c : report.checks) add_new(c.findings, report.findings);
  // What the console said on the way explains a failure, and is no more than noted beside a
  // success.
  if (verdict.report()) add_new(facts.notices, report.passed ? report.notes : report.findings);
  return report;
}

bool is_fault_of_emulation(const BootReport& report) {
  return !report.passed && report.accelerator == "tcg" &&
         std::any_of(report.findings.begin(), report.findings.end(),
                     [](const std::string& finding) {
                       return finding.starts_with("kernel oops: 'Oops: int3: ");
                     });
}

}  // namespace composer::vm
