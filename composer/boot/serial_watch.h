#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

// What a serial console shows, line by line: pure, no clock, no file. The console is hostile input
// and anybody in the guest can write to it: it can make a boot fail or explain a failure, it can
// never make one pass.

namespace composer::vm {

/// Turns a console's bytes into lines. Terminal control sequences are taken out; one that moves the
/// cursor to another line ends the line. Lines are cut at 512 bytes.
class ConsoleLines {
 public:
  using Sink = std::function<void(std::string_view line)>;

  /// Feeds `bytes`; calls `line` for each line that ended.
  void feed(std::string_view bytes, const Sink& line);
  /// The line that has not ended yet: a prompt, maybe.
  const std::string& partial() const { return line_; }

 private:
  enum class State { text, escape, control_sequence, string, string_escape };

  void end_line(const Sink& line);

  std::string line_;
  std::string parameters_;  ///< Of the control sequence in hand.
  State state_ = State::text;
};

/// How far a start has come, by what the console shows.
enum class BootPhase { firmware, loader, kernel, system };

enum class Severity {
  sign,    ///< A phase began.
  notice,  ///< Worth showing when the start fails; harmless else.
  error,   ///< Wrong even where the system comes up.
  fatal,   ///< This start cannot succeed any more.
};

struct ConsoleEvent {
  Severity severity = Severity::notice;
  BootPhase phase = BootPhase::firmware;
  /// `kernel panic: '…the line…'`, printable.
  std::string finding;
  /// True where more about the cause may follow, e.g. the guest's own report in emergency mode.
  bool more_follows = false;

  friend bool operator==(const ConsoleEvent&, const ConsoleEvent&) = default;
};

/// What one line of the console means; nothing for most lines.
std::optional<ConsoleEvent> classify_line(std::string_view line);

/// The same for a line that has not ended: only prompts count.
std::optional<ConsoleEvent> classify_prompt(std::string_view partial);

}  // namespace composer::vm
