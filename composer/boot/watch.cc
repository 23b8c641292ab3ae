#include "composer/boot/watch.h"

#include <fmt/format.h>
#include <string_view>
#include <utility>

#include "composer/base/one_line.h"
#include "composer/error.h"
#include "composer/host/interrupt.h"

namespace composer::vm {
namespace {

constexpr std::chrono::milliseconds kTick{250};

std::string_view words(BootPhase phase) {
  switch (phase) {
    case BootPhase::firmware:
      return "firmware";
    case BootPhase::loader:
      return "boot loader";
    case BootPhase::kernel:
      return "kernel";
    case BootPhase::system:
      return "services";
  }
  return "";
}

[[noreturn]] void qemu_failed(const std::string& qemu, int status, const std::string& output) {
  Problem problem;
  problem.message = status >= 128 ? fmt::format("'{}' was ended by signal {}", qemu, status - 128)
                                  : fmt::format("'{}' failed with status {}", qemu, status);
  for (std::size_t at = 0; at < output.size() && problem.notes.size() < 20;) {
    const std::size_t end = std::min(output.find('\n', at), output.size());
    if (end > at) problem.notes.push_back("| " + one_line(output.substr(at, end - at), 500));
    at = end + 1;
  }
  throw Error(status >= 128 ? ErrorKind::host : ErrorKind::build, std::move(problem));
}

[[noreturn]] void ended_from_outside(const std::string& qemu, const std::string& output) {
  const std::size_t at = output.find("terminating on signal");
  const std::string_view line = std::string_view(output).substr(at, output.find('\n', at) - at);
  throw Error(ErrorKind::host,
              fmt::format("'{}' was ended by another process: {}", qemu, one_line(line)));
}

}  // namespace

Watch::Watch(RunningGuest& guest, const BootQuestions& questions, std::string nonce,
             std::string qemu, Clock::time_point power_on, Progress& progress)
    : guest_(guest),
      judge_(questions.within_seconds),
      verdict_(std::move(nonce)),
      qemu_(std::move(qemu)),
      power_on_(power_on),
      progress_(progress) {}

void Watch::until_decided(const std::function<std::optional<std::string>(double)>& lost) {
  while (!judge_.decided(now())) {
    listen();
    tell();
    if (auto why = lost(now())) judge_.give_up(std::move(*why));
  }
}

bool Watch::power_off() {
  guest_.say("poweroff\n");
  const double asked = now();
  while (!ended_) {
    if (now() - asked > kPowerOffSeconds) return false;
    listen();
  }
  return true;
}

void Watch::listen() {
  const RunningGuest::Heard heard = guest_.wait(kTick);
  host::throw_if_interrupted();
  lines_.feed(heard.console, [&](std::string_view line) {
    progress_.output("console", one_line(line, 500));
    judge_.console_line(line, now());
  });
  if (!heard.console.empty()) judge_.console_prompt(lines_.partial(), now());
  verdict_.feed(heard.port);
  judge_.port(verdict_, now());
  if (heard.ended && *heard.ended != 0) qemu_failed(qemu_, *heard.ended, guest_.qemu_output());
  // QEMU calls it a success when another process ends it; for the guest it says nothing.
  if (heard.ended && guest_.qemu_output().find("terminating on signal") != std::string::npos) {
    ended_from_outside(qemu_, guest_.qemu_output());
  }
  if (heard.ended) {
    judge_.ended(now());
    ended_ = true;
  }
}

void Watch::tell() {
  if (now() < told_ + 1) return;
  told_ = now();
  progress_.advance(Stage::boot, {}, words(facts().furthest));
}

}  // namespace composer::vm
