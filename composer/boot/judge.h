#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "composer/boot/guest_script.h"
#include "composer/boot/serial_watch.h"
#include "composer/boot/verdict.h"
#include "composer/report.h"

// When a boot is decided, and how. Pure: times are given, in seconds since power on.

namespace composer::vm {

/// What was seen of a boot from outside.
struct BootFacts {
  std::optional<double> kernel_at;       ///< When the console first showed the kernel.
  std::optional<double> first_hello_at;  ///< When the guest's script first spoke.
  std::optional<double> login_prompt_at;
  std::optional<double> ended_at;  ///< When QEMU ended by itself.
  std::optional<double> fatal_at;
  bool timed_out = false;
  std::optional<std::string> given_up;  ///< Why its end was not waited for.
  BootPhase furthest = BootPhase::firmware;
  /// Distinct, in the order seen, bounded; the notices are the last ones.
  std::vector<std::string> fatal, errors, notices;
  std::string last_line;
};

/// Watches one boot and knows when there is nothing more to wait for.
class BootJudge {
 public:
  explicit BootJudge(double within_seconds) : within_(within_seconds) {}

  void console_line(std::string_view line, double now);
  /// The console's line that has not ended yet, after each piece.
  void console_prompt(std::string_view partial, double now);
  /// After each piece of the second port.
  void port(const VerdictReader& verdict, double now);
  void ended(double now);
  /// What the guest is started for cannot come about any more.
  void give_up(std::string why) { facts_.given_up = std::move(why); }

  /// Whether the outcome is certain by now: the guest reported, QEMU ended, or it cannot or did not
  /// succeed any more and what may explain it had time to come.
  bool decided(double now);
  const BootFacts& facts() const { return facts_; }

 private:
  void take(const ConsoleEvent& event, double now);

  double within_;
  BootFacts facts_;
  double settle_ = 0;  ///< How long after `fatal_at` the explanation may take.
  bool more_follows_ = false;
  bool reported_ = false, system_spoke_ = false;
};

struct BootQuestions {
  GuestQuestions guest;
  double within_seconds = 300;
};

/// What the facts and the guest's words amount to: passed, findings, notes, checks, system state,
/// times. The other fields of the report are the caller's.
BootReport conclude(const BootQuestions& questions, const BootFacts& facts,
                    const VerdictReader& verdict);

/// True when a failed boot shows a fault of QEMU's TCG, and none of the image. Linux patches its
/// code by an int3 that is gone again a moment later (arch/x86/kernel/alternative.c,
/// text_poke_bp_batch); a virtual processor that still runs a translation with the int3 in it ends
/// in `Oops: int3`, at an address where the code has none. Seen once in some sixty boots.
bool is_fault_of_emulation(const BootReport& report);

}  // namespace composer::vm
