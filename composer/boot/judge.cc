#include "composer/boot/judge.h"

#include <algorithm>

#include "composer/base/one_line.h"

namespace composer::vm {
namespace {

// How long after a fatal line its explanation may take, in seconds, measured under emulation on two
// busy cores: a panic prints its trace, dracut names the device, emergency mode's report comes.
constexpr double kSettleAtOnce = 0.5, kSettleLines = 3, kSettleReport = 60;
/// The guest's script starts with the first units, the login prompt comes with the last ones.
constexpr double kSilenceAtLogin = 60;

constexpr std::size_t kMostFindings = 10, kLastNotices = 5;

void add_distinct(std::vector<std::string>& list, const std::string& text) {
  if (list.size() < kMostFindings && std::find(list.begin(), list.end(), text) == list.end()) {
    list.push_back(text);
  }
}

}  // namespace

void BootJudge::take(const ConsoleEvent& event, double now) {
  // Firmware and boot loader are done once the kernel runs: what looks like theirs later is text
  // that somebody printed.
  if (event.phase < BootPhase::kernel && facts_.furthest >= BootPhase::kernel) return;
  facts_.furthest = std::max(facts_.furthest, event.phase);
  if (event.phase >= BootPhase::kernel && !facts_.kernel_at) facts_.kernel_at = now;
  switch (event.severity) {
    case Severity::sign:
      break;
    case Severity::notice:
      std::erase(facts_.notices, event.finding);
      if (facts_.notices.size() >= kLastNotices) facts_.notices.erase(facts_.notices.begin());
      facts_.notices.push_back(event.finding);
      break;
    case Severity::error:
      add_distinct(facts_.errors, event.finding);
      break;
    case Severity::fatal:
      add_distinct(facts_.fatal, event.finding);
      if (!facts_.fatal_at) {
        facts_.fatal_at = now;
        more_follows_ = event.more_follows;
        const bool may_report = event.phase == BootPhase::system && system_spoke_;
        settle_ = !more_follows_ ? kSettleAtOnce : may_report ? kSettleReport : kSettleLines;
      }
      break;
  }
}

void BootJudge::console_line(std::string_view line, double now) {
  facts_.last_line = one_line(line);
  if (const auto event = classify_line(line)) take(*event, now);
}

void BootJudge::console_prompt(std::string_view partial, double now) {
  const auto event = classify_prompt(partial);
  if (!event) return;
  if (event->severity == Severity::sign && !facts_.login_prompt_at) facts_.login_prompt_at = now;
  take(*event, now);
}

void BootJudge::port(const VerdictReader& verdict, double now) {
  system_spoke_ = verdict.system_hello().has_value();
  reported_ = verdict.report().has_value();
  if ((verdict.initrd_hello() || system_spoke_) && !facts_.first_hello_at) {
    facts_.first_hello_at = now;
    facts_.furthest = std::max(facts_.furthest, BootPhase::kernel);
  }
  if (system_spoke_) facts_.furthest = BootPhase::system;
}

void BootJudge::ended(double now) {
  if (!facts_.ended_at) facts_.ended_at = now;
}

bool BootJudge::decided(double now) {
  if (reported_ || facts_.ended_at || facts_.given_up) return true;
  if (facts_.fatal_at && now >= *facts_.fatal_at + settle_) return true;
  if (now >= within_) {
    facts_.timed_out = true;
    return true;
  }
  return facts_.login_prompt_at && !system_spoke_ &&
         now >= *facts_.login_prompt_at + kSilenceAtLogin;
}

}  // namespace composer::vm
