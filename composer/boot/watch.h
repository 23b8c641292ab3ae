#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "composer/boot/judge.h"
#include "composer/boot/running_guest.h"
#include "composer/boot/serial_watch.h"
#include "composer/boot/verdict.h"
#include "composer/progress.h"

namespace composer::vm {

/// The guest from power on until it is off: everything that it says goes through here.
class Watch {
 public:
  using Clock = std::chrono::steady_clock;

  Watch(RunningGuest& guest, const BootQuestions& questions, std::string nonce, std::string qemu,
        Clock::time_point power_on, Progress& progress);

  /// Listens until the start succeeded or cannot any more.
  /// @param lost  Asked all the time with the seconds since power on: why the end of the start is
  ///              of no use any more, if it is not.
  /// @throws Error  when QEMU failed, or somebody ended it.
  void until_decided(const std::function<std::optional<std::string>(double)>& lost);

  /// Listens for at most a quarter of a second. To be called all the time: a guest whose console
  /// nobody reads stands still.
  void listen();

  /// True when the guest went down by itself within 45 s.
  bool power_off();

  /// Seconds since power on.
  double now() const { return std::chrono::duration<double>(Clock::now() - power_on_).count(); }
  bool ended() const { return ended_; }
  const BootFacts& facts() const { return judge_.facts(); }
  const VerdictReader& verdict() const { return verdict_; }

 private:
  void tell();

  RunningGuest& guest_;
  BootJudge judge_;
  VerdictReader verdict_;
  ConsoleLines lines_;
  std::string qemu_;
  Clock::time_point power_on_;
  Progress& progress_;
  double told_ = 0;
  bool ended_ = false;
};

/// How long a guest may take to go down.
constexpr double kPowerOffSeconds = 45;

}  // namespace composer::vm
