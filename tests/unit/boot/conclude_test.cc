#include <algorithm>
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "composer/boot/judge.h"

using namespace composer;
using namespace composer::vm;

namespace {

using Lines = std::vector<std::string>;
using Outcome = BootCheck::Outcome;

const BootQuestions kQuestions = {{"multi-user.target", {"sshd.service"}}, 300};

/// A reader that got a report of these records between begin and end.
VerdictReader report_of(const Lines& records) {
  VerdictReader verdict("n");
  std::string text = "image-composer n hello 21.5 system\nimage-composer n begin 1\n";
  for (const std::string& record : records) text += "image-composer n " + record + "\n";
  verdict.feed(text + fmt::format("image-composer n end {}\n", records.size() + 1));
  REQUIRE(verdict.report());
  return verdict;
}

const Lines kGood = {"state running",
                     "kernel 6.12.1",
                     "hostname vm",
                     "time InitRDTimestampMonotonic=5000000",
                     "time UserspaceTimestampMonotonic=20000000",
                     "time FinishTimestampMonotonic=52000000",
                     "unit multi-user.target ActiveState=active",
                     "unit multi-user.target ActiveEnterTimestampMonotonic=50000000",
                     "unit sshd.service LoadState=loaded",
                     "unit sshd.service ActiveState=active"};

Lines with(Lines lines, const Lines& more) {
  lines.insert(lines.end(), more.begin(), more.end());
  return lines;
}

Lines without(Lines lines, const std::string& start) {
  std::erase_if(lines, [&](const std::string& line) { return line.starts_with(start); });
  return lines;
}

}  // namespace

TEST_CASE("a guest with everything in place passes every check") {
  BootFacts facts;
  facts.first_hello_at = 30;
  facts.notices = {"boot loader: 'error: no such device: floppy'"};
  const BootReport report = conclude(kQuestions, facts, report_of(kGood));
  CHECK(report.passed);
  CHECK(report.findings.empty());
  CHECK(report.notes == facts.notices);
  CHECK(report.system_state == "running");
  CHECK(report.kernel == "6.12.1");
  CHECK(report.hostname == "vm");
  CHECK(report.firmware_seconds == 8.5);
  CHECK(report.kernel_seconds == 20);
  CHECK(report.userspace_seconds == 30);
  Lines names;
  for (const BootCheck& check : report.checks) {
    CHECK(check.outcome == Outcome::passed);
    names.push_back(check.name);
  }
  CHECK(names == Lines{"starts and reports", "reaches multi-user.target", "has no failed unit",
                       "has sshd.service active", "mounts what /etc/fstab names",
                       "shows no error on its console"});
}

TEST_CASE("a failed unit fails the boot and shows its last words once") {
  const auto report =
      conclude(kQuestions, {},
               report_of(with(
                   without(without(kGood, "state"), "unit sshd.service Active"),
                   {"state degraded", "failed sshd.service", "unit sshd.service ActiveState=failed",
                    "unit sshd.service SubState=failed", "unit sshd.service Result=exit-code",
                    "log sshd.service no hostkeys available", "log sshd.service bye"})));
  CHECK_FALSE(report.passed);
  CHECK(report.failed_units == Lines{"sshd.service"});
  CHECK(report.findings == Lines{"'sshd.service' is failed, result 'exit-code'",
                                 "  | no hostkeys available", "  | bye"});
  CHECK(report.checks[2].outcome == Outcome::failed);
  CHECK(report.checks[3].outcome == Outcome::failed);
}

TEST_CASE("a service that the image does not have fails the boot") {
  const auto report = conclude(
      kQuestions, {},
      report_of(with(without(kGood, "unit sshd"), {"unit sshd.service LoadState=not-found",
                                                   "unit sshd.service ActiveState=inactive"})));
  CHECK_FALSE(report.passed);
  CHECK(report.findings == Lines{"'sshd.service' is not in the image"});
}

TEST_CASE("a service that the report does not mention is not active") {
  const auto report = conclude(kQuestions, {}, report_of(without(kGood, "unit sshd")));
  CHECK(report.findings == Lines{"'sshd.service' is unknown to systemd"});
}

TEST_CASE("a running system that did not reach the target fails") {
  const auto report = conclude(kQuestions, {},
                               report_of(with(without(kGood, "unit multi-user"),
                                              {"unit multi-user.target ActiveState=inactive",
                                               "unit multi-user.target SubState=dead"})));
  CHECK_FALSE(report.passed);
  CHECK(report.findings == Lines{"'multi-user.target' is inactive"});
  CHECK(report.userspace_seconds == 32);
}

TEST_CASE("emergency mode, a missing mount and a degraded state without a unit are findings") {
  const auto emergency =
      conclude(kQuestions, {},
               report_of(with(without(kGood, "state"), {"state maintenance", "unmounted /data"})));
  CHECK(emergency.findings ==
        Lines{"the system is in emergency or rescue mode", "'/data' of /etc/fstab is not mounted"});
  const auto degraded =
      conclude(kQuestions, {}, report_of(with(without(kGood, "state"), {"state degraded"})));
  CHECK(degraded.findings == Lines{"the system's state is 'degraded', not 'running'"});
  const auto silent = conclude(kQuestions, {}, report_of(without(kGood, "state")));
  CHECK_FALSE(silent.passed);
}

TEST_CASE("an int3 that only QEMU's emulation runs into is told from an oops of the image") {
  BootReport report;
  report.findings = {"kernel panic: 'x'", "kernel oops: 'Oops: int3: 0000 [#1] PREEMPT SMP NOPTI'"};
  report.accelerator = "tcg";
  CHECK(vm::is_fault_of_emulation(report));
  report.accelerator = "kvm";
  CHECK_FALSE(vm::is_fault_of_emulation(report));
  report.accelerator = "tcg";
  report.findings = {"kernel oops: 'Oops: 0000 [#1]'", "console: 'Oops: int3: 0000'"};
  CHECK_FALSE(vm::is_fault_of_emulation(report));
}

TEST_CASE("a kernel oops fails a boot that came up all the same") {
  BootFacts facts;
  facts.errors = {"kernel oops: 'Oops: 0000 [#1]'"};
  const auto report = conclude(kQuestions, facts, report_of(kGood));
  CHECK_FALSE(report.passed);
  CHECK(report.findings == facts.errors);
}

TEST_CASE("a start whose end was not waited for says why") {
  BootFacts facts;
  facts.given_up = "the guest reported at 32 s that provisioning failed";
  VerdictReader verdict("n");
  verdict.feed("image-composer n waiting system\nimage-composer n job cloud-init-local.service\n");
  const auto report = conclude(kQuestions, facts, verdict);
  CHECK_FALSE(report.passed);
  CHECK(report.findings ==
        Lines{"the end of its start was not waited for: the guest reported at 32 s that "
              "provisioning failed",
              "it was still waiting for 'cloud-init-local.service'"});
}

TEST_CASE("a timeout says how far the guest came and what it waits for") {
  BootFacts facts;
  facts.timed_out = true;
  facts.furthest = BootPhase::kernel;
  facts.kernel_at = 9.5;
  facts.notices = {"initramfs: 'dracut-initqueue: timeout, still waiting'"};
  facts.last_line = "[ ***  ] A start job is running";
  VerdictReader verdict("n");
  verdict.feed("image-composer n waiting initrd\nimage-composer n job dev-sda9.device\n");
  const auto report = conclude(kQuestions, facts, verdict);
  CHECK_FALSE(report.passed);
  CHECK(report.findings ==
        Lines{"the guest did not report within 300 s; it came as far as the kernel and its "
              "initramfs",
              "it was still waiting for 'dev-sda9.device'",
              "initramfs: 'dracut-initqueue: timeout, still waiting'",
              "the last line of its console: '[ ***  ] A start job is running'"});
  CHECK(report.firmware_seconds == 9.5);
  CHECK(report.checks[0].outcome == Outcome::failed);
  CHECK(std::all_of(report.checks.begin() + 1, report.checks.end(),
                    [](const BootCheck& c) { return c.outcome == Outcome::skipped; }));
}

TEST_CASE("a guest without a report never passes, whatever its console shows") {
  BootFacts facts;
  facts.login_prompt_at = 40;
  facts.furthest = BootPhase::system;
  const auto old_systemd = conclude(kQuestions, facts, VerdictReader("n"));
  CHECK_FALSE(old_systemd.passed);
  CHECK(
      old_systemd.findings ==
      Lines{"the guest did not report: it shows a login prompt, but its systemd took no unit from "
            "the machine's firmware (256 and newer do)"});

  BootFacts gone;
  gone.ended_at = 12.4;
  gone.notices = {"the guest powered off: 'reboot: Power down'"};
  CHECK(conclude(kQuestions, gone, VerdictReader("n")).findings ==
        Lines{"the guest powered off or restarted before it reported, 12 s after power on",
              "the guest powered off: 'reboot: Power down'"});

  BootFacts panic;
  panic.fatal = {"kernel panic: 'x'"};
  CHECK(conclude(kQuestions, panic, VerdictReader("n")).findings == Lines{"kernel panic: 'x'"});

  VerdictReader damaged("n");
  damaged.feed("image-composer n begin 1\nimage-composer n end 7\n");
  BootFacts timeout;
  timeout.timed_out = true;
  CHECK(conclude(kQuestions, timeout, damaged).findings ==
        Lines{"the guest's report came damaged: something else writes to its second serial port"});
}
