#include "composer/boot/serial_watch.h"

#include <fmt/format.h>
#include <utility>

#include "composer/base/one_line.h"

namespace composer::vm {
namespace {

constexpr std::size_t kLongestLine = 512;

enum class At { start, anywhere, end };

struct Pattern {
  std::string_view text;
  At at;
  Severity severity;
  BootPhase phase;
  std::string_view what;  ///< Before the line itself in the finding.
  bool more_follows = false;
};

using enum Severity;
using enum BootPhase;

// The first that matches counts. Texts as the programs of 2022 to 2026 print them: SeaBIOS 1.16,
// edk2 2022.11, GRUB 2.06 and 2.12, Linux 5.15 to 6.12, dracut 056 to 106, systemd 252 to 258,
// initramfs-tools 0.14x. tests/data/serial has recordings.
constexpr Pattern kLines[] = {
    // SeaBIOS
    {"No bootable device.", At::start, fatal, firmware, "the firmware found nothing to boot"},
    {"Boot failed: not a bootable disk", At::start, notice, firmware, "firmware"},
    {"Boot failed: could not read the boot disk", At::start, notice, firmware, "firmware"},
    // OVMF
    {"BdsDxe: No bootable option", At::anywhere, fatal, firmware,
     "the firmware found nothing to boot"},
    {"UEFI Interactive Shell", At::start, fatal, firmware, "the firmware found nothing to boot"},
    {"BdsDxe: failed to ", At::anywhere, notice, firmware, "firmware"},
    {"!!!! X64 Exception", At::anywhere, fatal, firmware, "the firmware crashed"},
    // GRUB
    {"Welcome to GRUB!", At::anywhere, sign, loader, {}},
    {"GNU GRUB  version", At::anywhere, sign, loader, {}},
    {"error: you need to load the kernel first", At::anywhere, fatal, loader,
     "the boot loader found no kernel", true},
    {"grub rescue>", At::anywhere, fatal, loader, "the boot loader gave up"},
    {"Minimal BASH-like line editing is supported", At::anywhere, fatal, loader,
     "the boot loader has nothing to start and shows its prompt"},
    {"Entering rescue mode...", At::start, fatal, loader, "the boot loader gave up", true},
    {"error: ", At::start, notice, loader, "boot loader"},
    {"GRUB Geom Error", At::anywhere, fatal, loader, "the boot loader's first sector failed"},
    {"GRUB Read Error", At::anywhere, fatal, loader, "the boot loader's first sector failed"},
    {"GRUB Hard Disk Error", At::anywhere, fatal, loader, "the boot loader's first sector failed"},
    // Linux
    {"EFI stub: ERROR:", At::anywhere, notice, kernel, "kernel"},
    {"EFI stub:", At::start, sign, kernel, {}},
    {"Linux version ", At::anywhere, sign, kernel, {}},
    {"---[ end Kernel panic", At::anywhere, notice, kernel, "kernel"},
    {"VFS: Unable to mount root fs", At::anywhere, fatal, kernel,
     "the kernel cannot mount the root filesystem", true},
    {"VFS: Cannot open root device", At::anywhere, notice, kernel, "kernel"},
    {"Kernel panic - not syncing", At::anywhere, fatal, kernel, "kernel panic", true},
    {"Oops: ", At::start, error, kernel, "kernel oops"},
    {"BUG: workqueue lockup", At::start, notice, kernel, "kernel"},  // A slow host does this.
    {"BUG: ", At::start, error, kernel, "kernel bug"},
    {"kernel BUG at ", At::start, error, kernel, "kernel bug"},
    {"general protection fault", At::start, error, kernel, "kernel oops"},
    {"Out of memory: Killed process", At::anywhere, error, kernel, "out of memory"},
    {"EXT4-fs error", At::anywhere, error, kernel, "damaged filesystem"},
    {"I/O error, dev ", At::anywhere, error, kernel, "disk error"},
    {"reboot: Power down", At::anywhere, notice, system, "the guest powered off"},
    {"reboot: Restarting system", At::anywhere, notice, system, "the guest restarted"},
    // initramfs: dracut, initramfs-tools
    {"dracut-initqueue: timeout", At::anywhere, notice, kernel, "initramfs"},
    {"dracut-initqueue timeout", At::anywhere, notice, kernel, "initramfs"},
    {"Warning: Could not boot.", At::anywhere, notice, kernel, "initramfs"},
    {"Gave up waiting for root file system device", At::anywhere, fatal, kernel,
     "the initramfs did not find the root filesystem", true},
    {"Warning: Boot has failed.", At::anywhere, fatal, kernel, "the initramfs gave up", true},
    {"Generating \"/run/initramfs/rdsosreport.txt\"", At::anywhere, fatal, kernel,
     "the initramfs gave up", true},
    {"Entering emergency mode. Exit the shell to continue", At::anywhere, fatal, kernel,
     "the initramfs gave up", true},
    {"ALERT!", At::start, notice, kernel, "initramfs"},
    // systemd
    {"Failed to switch root", At::anywhere, fatal, kernel, "the initramfs gave up"},
    {"Freezing execution", At::anywhere, fatal, system, "systemd stopped"},
    {"You are in emergency mode", At::anywhere, fatal, system, "the system is in emergency mode",
     true},
    {"You are in rescue mode", At::anywhere, fatal, system, "the system is in rescue mode", true},
    {"Cannot open access to console, the root account is locked", At::anywhere, fatal, system,
     "the system is in emergency mode", true},
    {"Timed out waiting for device", At::anywhere, notice, system, "console"},
    {"[FAILED]", At::anywhere, notice, system, "console"},
    {"Dependency failed for", At::anywhere, notice, system, "console"},
    {"A start job is running for", At::anywhere, notice, system, "still waiting"},
};

constexpr Pattern kPrompts[] = {
    {"grub rescue> ", At::end, fatal, loader, "the boot loader gave up"},
    {"grub> ", At::end, fatal, loader, "the boot loader has nothing to start and shows its prompt"},
    {"Shell> ", At::end, fatal, firmware, "the firmware found nothing to boot"},
    {"(initramfs) ", At::end, fatal, kernel, "the initramfs gave up"},
    {" login: ", At::end, sign, system, {}},
};

bool matches(const Pattern& pattern, std::string_view line) {
  switch (pattern.at) {
    case At::start:
      return line.starts_with(pattern.text);
    case At::end:
      return line.ends_with(pattern.text);
    case At::anywhere:
      return line.find(pattern.text) != std::string_view::npos;
  }
  return false;
}

/// `[   12.345678] text` without its time.
std::string_view without_time(std::string_view line) {
  const auto close = line.find("] ");
  if (!line.starts_with('[') || close == std::string_view::npos) return line;
  const std::string_view time = line.substr(1, close - 1);
  return time.find_first_not_of(" 0123456789.") == std::string_view::npos ? line.substr(close + 2)
                                                                          : line;
}

/// dracut's `Warning: /dev/… does not exist`, last words before its emergency shell.
bool is_missing_device(std::string_view line) {
  return line.find("Warning: /dev/") != std::string_view::npos && line.ends_with(" does not exist");
}

template <std::size_t N>
std::optional<ConsoleEvent> first_match(const Pattern (&patterns)[N], std::string_view line) {
  for (const Pattern& pattern : patterns) {
    if (!matches(pattern, line)) continue;
    ConsoleEvent event{pattern.severity, pattern.phase, {}, pattern.more_follows};
    if (pattern.severity != sign) {
      event.finding = fmt::format("{}: '{}'", pattern.what, one_line(line));
    }
    return event;
  }
  return std::nullopt;
}

/// Of `ROW;COLUMN`; a longer sequence is nothing that a boot loader prints.
constexpr std::size_t kLongestParameters = 16;

/// Whether a control sequence takes the cursor off its line. GRUB repositions it to where it is in
/// the middle of a word, so that a move counts only where it goes to the first column.
bool leaves_line(std::string_view parameters, char final_byte) {
  if (final_byte == 'J' || final_byte == 'A' || final_byte == 'B') return true;
  if (final_byte != 'H' && final_byte != 'f') return false;
  const auto semicolon = parameters.find(';');
  if (semicolon == std::string_view::npos) return true;
  const std::string_view column = parameters.substr(semicolon + 1);
  return column.find_first_not_of('0') == std::string_view::npos || column == "1" || column == "01";
}

}  // namespace

void ConsoleLines::end_line(const Sink& line) {
  const std::string ended = std::exchange(line_, {});
  if (ended.find_first_not_of(' ') != std::string::npos) line(ended);
}

void ConsoleLines::feed(std::string_view bytes, const Sink& line) {
  for (const char c : bytes) {
    switch (state_) {
      case State::text:
        if (c == '\x1b') {
          state_ = State::escape;
        } else if (c == '\n' || c == '\r') {
          // A lone carriage return is a progress line that is written over: each version counts.
          end_line(line);
        } else if (c == '\b') {
          if (!line_.empty()) line_.pop_back();
        } else if (static_cast<unsigned char>(c) >= ' ' || c == '\t') {
          if (line_.size() >= kLongestLine) end_line(line);
          line_ += c;
        }
        break;
      case State::escape:
        if (c == '[') {
          state_ = State::control_sequence;
          parameters_.clear();
        } else if (c == ']' || c == 'P' || c == '_' || c == '^' || c == 'X') {
          state_ = State::string;
        } else if (c == '\x1b') {
          state_ = State::escape;
        } else {
          state_ = State::text;
        }
        break;
      case State::control_sequence:
        if (c >= '@' && c <= '~') {
          if (leaves_line(parameters_, c)) end_line(line);
          state_ = State::text;
        } else if (c == '\x1b') {
          state_ = State::escape;
        } else if (c == '\n') {
          state_ = State::text;  // Cut off; nothing legitimate has a line end here.
          end_line(line);
        } else if (parameters_.size() < kLongestParameters) {
          parameters_ += c;
        }
        break;
      case State::string:
        if (c == '\a' || c == '\n') state_ = State::text;
        if (c == '\x1b') state_ = State::string_escape;
        break;
      case State::string_escape:
        state_ = c == '\x1b' ? State::string_escape : State::text;
        break;
    }
  }
}

std::optional<ConsoleEvent> classify_line(std::string_view line) {
  line = without_time(line);
  while (line.ends_with(' ')) line.remove_suffix(1);
  if (is_missing_device(line)) {
    return ConsoleEvent{
        fatal, kernel,
        fmt::format("a device that the start needs is missing: '{}'", one_line(line)), true};
  }
  return first_match(kLines, line);
}

std::optional<ConsoleEvent> classify_prompt(std::string_view partial) {
  return first_match(kPrompts, partial);
}

}  // namespace composer::vm
