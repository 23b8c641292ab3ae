#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <string>
#include <sys/random.h>
#include <unistd.h>

#include "composer/base/checksum.h"
#include "composer/boot/accelerator.h"
#include "composer/boot/firmware.h"
#include "composer/boot/image_format.h"
#include "composer/boot/judge.h"
#include "composer/boot/machine.h"
#include "composer/boot/printable.h"
#include "composer/boot/running_guest.h"
#include "composer/boot/serial_watch.h"
#include "composer/boot/verdict.h"
#include "composer/compose.h"
#include "composer/host/interrupt.h"
#include "composer/host/process.h"

// Starting an image and judging its start: image -> machine -> guest -> facts -> report.

namespace composer {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kProbePatience{3000};
constexpr double kPowerOffSeconds = 45;
constexpr std::chrono::milliseconds kTick{250};

/// What this run's report is recognised by. Random, since what the guest could know beforehand it
/// could print; nothing of it reaches an output.
std::string make_nonce() {
  std::string bytes(16, '\0');
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    throw system_error("cannot get random bytes", errno);
  }
  return to_hex(bytes);
}

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

std::string_view words(vm::BootPhase phase) {
  switch (phase) {
    case vm::BootPhase::firmware:
      return "firmware";
    case vm::BootPhase::loader:
      return "boot loader";
    case vm::BootPhase::kernel:
      return "kernel";
    case vm::BootPhase::system:
      return "services";
  }
  return "";
}

vm::Machine plan_machine(const BootRequestOptions& options, const FileDescriptor& image,
                         const vm::GuestQuestions& questions, const std::string& nonce) {
  vm::Machine machine;
  machine.qemu = options.qemu;
  machine.image = vm::recognise_file(image.get(), options.image);
  if (options.firmware == Firmware::uefi) {
    machine.generation = vm::Generation::gen2;
    machine.uefi = vm::find_uefi_firmware(
        [](const std::filesystem::path& path) { return ::access(path.c_str(), R_OK) == 0; });
  } else {
    machine.generation = vm::Generation::gen1;
  }
  machine.memory_mib = options.memory_mib;
  machine.cpus = options.cpus;
  for (const vm::Credential& credential : vm::guest_credentials(questions, nonce)) {
    machine.oem_strings.push_back(vm::smbios_string(credential));
  }
  machine.extra = options.qemu_arguments;
  return machine;
}

[[noreturn]] void qemu_failed(const std::string& qemu, int status, const std::string& output) {
  Problem problem;
  problem.message = status >= 128 ? fmt::format("'{}' was ended by signal {}", qemu, status - 128)
                                  : fmt::format("'{}' failed with status {}", qemu, status);
  for (std::size_t at = 0; at < output.size() && problem.notes.size() < 20;) {
    const std::size_t end = std::min(output.find('\n', at), output.size());
    if (end > at) problem.notes.push_back("| " + vm::printable(output.substr(at, end - at), 500));
    at = end + 1;
  }
  throw Error(status >= 128 ? ErrorKind::host : ErrorKind::build, std::move(problem));
}

[[noreturn]] void ended_from_outside(const std::string& qemu, const std::string& output) {
  const std::size_t at = output.find("terminating on signal");
  const std::string_view line = std::string_view(output).substr(at, output.find('\n', at) - at);
  throw Error(ErrorKind::host,
              fmt::format("'{}' was ended by another process: {}", qemu, vm::printable(line)));
}

/// The guest from power on until its start is decided.
class Watch {
 public:
  Watch(vm::RunningGuest& guest, const vm::BootQuestions& questions, std::string nonce,
        const std::string& qemu, Progress& progress)
      : guest_(guest),
        judge_(questions.within_seconds),
        verdict_(std::move(nonce)),
        qemu_(qemu),
        progress_(progress) {}

  void until_decided(Clock::time_point power_on) {
    while (!judge_.decided(seconds_since(power_on))) {
      listen(power_on);
      tell(seconds_since(power_on));
    }
  }

  /// True when the guest went down by itself in time.
  bool power_off() {
    guest_.say("poweroff\n");
    const auto asked = Clock::now();
    while (!ended_) {
      if (seconds_since(asked) > kPowerOffSeconds) return false;
      listen(asked);
    }
    return true;
  }

  const vm::BootFacts& facts() const { return judge_.facts(); }
  const vm::VerdictReader& verdict() const { return verdict_; }

 private:
  void listen(Clock::time_point start) {
    const vm::RunningGuest::Heard heard = guest_.wait(kTick);
    host::throw_if_interrupted();
    const double now = seconds_since(start);
    lines_.feed(heard.console, [&](std::string_view line) {
      progress_.output("console", vm::printable(line, 500));
      judge_.console_line(line, now);
    });
    if (!heard.console.empty()) judge_.console_prompt(lines_.partial(), now);
    verdict_.feed(heard.port);
    judge_.port(verdict_, now);
    if (heard.ended && *heard.ended != 0) qemu_failed(qemu_, *heard.ended, guest_.qemu_output());
    // QEMU calls it a success when another process ends it; for the guest it says nothing.
    if (heard.ended && guest_.qemu_output().find("terminating on signal") != std::string::npos) {
      ended_from_outside(qemu_, guest_.qemu_output());
    }
    if (heard.ended) {
      judge_.ended(now);
      ended_ = true;
    }
  }

  void tell(double now) {
    if (now < told_ + 1) return;
    told_ = now;
    progress_.advance(Stage::boot, {}, words(facts().furthest));
  }

  vm::RunningGuest& guest_;
  vm::BootJudge judge_;
  vm::VerdictReader verdict_;
  vm::ConsoleLines lines_;
  const std::string& qemu_;
  Progress& progress_;
  double told_ = 0;
  bool ended_ = false;
};

}  // namespace

BootReport boot(const BootRequestOptions& options, Progress& progress) {
  if (options.firmware == Firmware::both) {
    throw Error(ErrorKind::usage, "an image is booted under one firmware at a time",
                "choose uefi or bios");
  }
  const vm::BootQuestions questions = {{options.expectations.target, options.expectations.services},
                                       static_cast<double>(options.expectations.within_seconds)};
  if (host::find_program(options.qemu).empty()) {
    throw Error(ErrorKind::host,
                fmt::format("cannot find '{}', needed to boot the image", options.qemu),
                "apt install qemu-system-x86");
  }

  // Beyond this point only this descriptor stands for the image, and it cannot be written through.
  const FileDescriptor image = open_file(options.image, O_RDONLY);
  const std::string nonce = make_nonce();
  vm::Machine machine = plan_machine(options, image, questions.guest, nonce);

  progress.begin(Stage::boot, {});
  machine.accelerator = vm::choose_accelerator(options.qemu, kProbePatience, progress);
  progress.note(machine.accelerator.why.empty()
                    ? fmt::format("booting under {}", machine.accelerator.name)
                    : fmt::format("booting under {}, which is slow: {}", machine.accelerator.name,
                                  machine.accelerator.why));
  const Clock::time_point power_on = Clock::now();
  vm::RunningGuest guest(machine, image.get(), options.serial_log, progress);
  Watch watch(guest, questions, nonce, options.qemu, progress);
  watch.until_decided(power_on);
  const double wall_seconds = seconds_since(power_on);

  BootReport report = vm::conclude(questions, watch.facts(), watch.verdict());
  if (watch.verdict().report() && !watch.power_off()) {
    report.notes.push_back(
        fmt::format("the guest did not power off within {:g} s and was ended", kPowerOffSeconds));
  }
  guest.end();
  report.accelerator = machine.accelerator.name;
  report.firmware = options.firmware == Firmware::uefi ? "uefi" : "bios";
  report.wall_seconds = wall_seconds;
  report.serial_log = options.serial_log;
  progress.end(Stage::boot, {});
  return report;
}

}  // namespace composer
