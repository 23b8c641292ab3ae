#pragma once

#include <chrono>
#include <cstdio>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "composer/base/trace.h"
#include "composer/error.h"
#include "composer/progress.h"

namespace composer {

enum class ConsoleStyle {
  live,   ///< A terminal: one live line for the stage in hand.
  plain,  ///< A line when a stage ends; for logs.
  json,   ///< One JSON object a line; for programs.
};

enum class Detail { normal, verbose };

/// Shows progress on standard error. What it prints may hold times; nothing of it reaches an
/// output.
class Console final : public Progress {
 public:
  Console(std::FILE* stream, ConsoleStyle style, Detail detail);
  ~Console() override;

  void begin(Stage stage, Amount expected) override;
  void advance(Stage stage, Amount done, std::string_view current) override;
  void end(Stage stage, Amount done) override;
  void note(std::string_view text) override;
  void warning(std::string_view text) override;
  void command(std::span<const std::string> arguments) override;
  void output(std::string_view source, std::string_view line) override;

  void error(const Error& error);

 private:
  using Clock = std::chrono::steady_clock;

  void print_line(std::string_view text);
  void show_live(Stage stage, Amount done, std::string_view current);
  void clear_live();

  std::FILE* stream_;
  ConsoleStyle style_;
  Detail detail_;
  std::mutex mutex_;
  std::map<Stage, Amount> expected_;
  std::map<Stage, Clock::time_point> started_;
  std::map<Stage, std::unique_ptr<TraceSpan>> spans_;  ///< Every command's stages pass here.
  Clock::time_point last_shown_;
  bool live_line_ = false;
};

/// `live` for a terminal that understands it, else `plain`.
ConsoleStyle style_for(std::FILE* stream);

/// `text` fit for a terminal: control characters (an escape sequence in a package's name, say) are
/// replaced by '?'.
std::string printable(std::string_view text);

}  // namespace composer
