#include "composer/console.h"

#include <cstdlib>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>
#include <sys/ioctl.h>
#include <unistd.h>

namespace composer {
namespace {

using Json = nlohmann::ordered_json;

/// How often the live line is drawn at most: fast enough to look alive, slow enough to cost
/// nothing.
constexpr auto kRedraw = std::chrono::milliseconds(100);

std::size_t columns_of(std::FILE* stream) {
  winsize size{};
  if (::ioctl(::fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col >= 20) return size.ws_col;
  return 80;
}

std::string amount_text(Amount done, Amount expected) {
  std::string text;
  if (expected.items) {
    text += fmt::format("  {}/{}", done.items, expected.items);
  } else if (done.items) {
    text += fmt::format("  {}", done.items);
  }
  if (done.bytes.count) text += "  " + to_text(done.bytes);
  return text;
}

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

std::string printable(std::string_view text) {
  std::string clean(text);
  for (char& c : clean) {
    if ((static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n') || c == 0x7f) c = '?';
  }
  return clean;
}

ConsoleStyle style_for(std::FILE* stream) {
  const char* terminal = std::getenv("TERM");
  const bool dumb = !terminal || std::string_view(terminal) == "dumb";
  return ::isatty(::fileno(stream)) && !dumb ? ConsoleStyle::live : ConsoleStyle::plain;
}

Console::Console(std::FILE* stream, ConsoleStyle style, Detail detail)
    : stream_(stream), style_(style), detail_(detail) {}

Console::~Console() {
  clear_live();
}

void Console::clear_live() {
  if (!live_line_) return;
  std::fputs("\r\x1b[K", stream_);
  live_line_ = false;
}

void Console::print_line(std::string_view text) {
  clear_live();
  fmt::print(stream_, "{}\n", text);
  std::fflush(stream_);
}

void Console::begin(Stage stage, Amount expected) {
  const std::scoped_lock lock(mutex_);
  expected_[stage] = expected;
  started_[stage] = Clock::now();
  spans_[stage] = std::make_unique<TraceSpan>("stage", to_text(stage));
  if (style_ == ConsoleStyle::json) {
    print_line(dump({{"event", "begin"},
                     {"stage", to_text(stage)},
                     {"items", expected.items},
                     {"bytes", expected.bytes.count}}));
  } else if (style_ == ConsoleStyle::live) {
    show_live(stage, {}, {});
  }
}

void Console::show_live(Stage stage, Amount done, std::string_view current) {
  std::string line =
      fmt::format("{:<10}{}  {:.1f} s", to_text(stage), amount_text(done, expected_[stage]),
                  seconds_since(started_[stage]));
  if (!current.empty()) line += "  " + printable(current);
  const std::size_t columns = columns_of(stream_) - 1;
  if (line.size() > columns) line.resize(columns);
  while (!line.empty() && (static_cast<unsigned char>(line.back()) & 0x80)) line.pop_back();
  fmt::print(stream_, "\r{}\x1b[K", line);
  std::fflush(stream_);
  live_line_ = true;
  last_shown_ = Clock::now();
}

void Console::advance(Stage stage, Amount done, std::string_view current) {
  const std::scoped_lock lock(mutex_);
  if (Clock::now() - last_shown_ < kRedraw) return;
  if (style_ == ConsoleStyle::live) {
    show_live(stage, done, current);
  } else if (style_ == ConsoleStyle::json) {
    last_shown_ = Clock::now();
    print_line(dump({{"event", "progress"},
                     {"stage", to_text(stage)},
                     {"items", done.items},
                     {"bytes", done.bytes.count},
                     {"current", current}}));
  }
}

void Console::end(Stage stage, Amount done) {
  const std::scoped_lock lock(mutex_);
  const double seconds = seconds_since(started_[stage]);
  spans_.erase(stage);
  if (style_ == ConsoleStyle::json) {
    print_line(dump({{"event", "end"},
                     {"stage", to_text(stage)},
                     {"items", done.items},
                     {"bytes", done.bytes.count},
                     {"seconds", seconds}}));
  } else {
    print_line(fmt::format("{:<10}{}  {:.1f} s", to_text(stage), amount_text(done, {}), seconds));
  }
}

void Console::note(std::string_view text) {
  const std::scoped_lock lock(mutex_);
  print_line(style_ == ConsoleStyle::json ? dump({{"event", "note"}, {"text", text}})
                                          : printable(text));
}

void Console::warning(std::string_view text) {
  const std::scoped_lock lock(mutex_);
  print_line(style_ == ConsoleStyle::json ? dump({{"event", "warning"}, {"text", text}})
                                          : "warning: " + printable(text));
}

void Console::command(std::span<const std::string> arguments) {
  if (detail_ != Detail::verbose) return;
  const std::scoped_lock lock(mutex_);
  if (style_ == ConsoleStyle::json) {
    print_line(dump({{"event", "command"},
                     {"arguments", std::vector<std::string>(arguments.begin(), arguments.end())}}));
  } else {
    print_line(printable(fmt::format("+ {}", fmt::join(arguments, " "))));
  }
}

void Console::output(std::string_view source, std::string_view line) {
  if (detail_ != Detail::verbose) return;
  const std::scoped_lock lock(mutex_);
  if (style_ == ConsoleStyle::json) {
    print_line(dump({{"event", "output"}, {"source", source}, {"line", line}}));
  } else {
    print_line(printable(fmt::format("  {}: {}", source, line)));
  }
}

void Console::error(const Error& error) {
  const std::scoped_lock lock(mutex_);
  if (style_ != ConsoleStyle::json) {
    clear_live();
    std::fputs(printable(error.to_text()).c_str(), stream_);
    return;
  }
  Json problems = Json::array();
  for (const Problem& problem : error.problems()) {
    Json entry{{"message", problem.message}};
    if (problem.at) {
      entry["file"] = problem.at.source->name;
      entry["line"] = problem.at.line;
      entry["column"] = problem.at.column;
    }
    if (!problem.notes.empty()) entry["notes"] = problem.notes;
    if (!problem.hint.empty()) entry["hint"] = problem.hint;
    problems.push_back(std::move(entry));
  }
  print_line(dump({{"event", "error"},
                   {"exit", static_cast<int>(error.kind())},
                   {"problems", problems},
                   {"context", error.context()}}));
}

}  // namespace composer
