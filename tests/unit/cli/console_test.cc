#include "composer/console.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <regex>

using namespace composer;

namespace {

/// What a console printed to a stream that is not a terminal.
template <typename Use>
std::string printed(ConsoleStyle style, Detail detail, Use&& use) {
  char* text = nullptr;
  std::size_t size = 0;
  std::FILE* stream = ::open_memstream(&text, &size);
  {
    Console console(stream, style, detail);
    use(console);
  }
  std::fclose(stream);
  std::string result(text, size);
  std::free(text);
  return result;
}

}  // namespace

TEST_CASE("a log gets one line a stage, and commands only when asked for") {
  const auto use = [](Console& console) {
    console.begin(Stage::install, {.items = 2});
    console.advance(Stage::install, {.items = 1}, "bash");
    console.command(std::vector<std::string>{"mkfs.ext4", "-q"});
    console.end(Stage::install, {.items = 2, .bytes = MiB(3)});
    console.warning("no swap, ignoring");
  };
  const std::string plain = printed(ConsoleStyle::plain, Detail::normal, use);
  CHECK(std::regex_match(
      plain, std::regex("install     2  3 MiB  [0-9.]+ s\nwarning: no swap, ignoring\n")));
  CHECK(printed(ConsoleStyle::plain, Detail::verbose, use).starts_with("+ mkfs.ext4 -q\n"));
}

TEST_CASE("the JSON log is one valid object a line, also for hostile text") {
  const std::string log = printed(ConsoleStyle::json, Detail::verbose, [](Console& console) {
    console.begin(Stage::fetch, {.items = 2, .bytes = KiB(1)});
    console.output("rpm", "\xff\x1b[2J\n\"");
    console.end(Stage::fetch, {.items = 2});
    console.error(Error(ErrorKind::usage, "bad", "mend it"));
  });
  std::vector<std::string> events;
  std::istringstream lines(log);
  for (std::string line; std::getline(lines, line);) {
    events.push_back(nlohmann::json::parse(line).at("event"));
  }
  CHECK(events == std::vector<std::string>{"begin", "output", "end", "error"});
}

TEST_CASE("a live line is drawn over and leaves nothing behind") {
  const std::string text = printed(ConsoleStyle::live, Detail::normal, [](Console& console) {
    console.begin(Stage::solve, {});
    console.end(Stage::solve, {.items = 240});
  });
  CHECK(text.find("\r\x1b[K") != std::string::npos);
  CHECK(text.ends_with(" s\n"));
}

TEST_CASE("escape sequences of others never reach the terminal") {
  CHECK(printable("a\x1b[31mb\x7f") == "a?[31mb?");
  CHECK(printed(ConsoleStyle::plain, Detail::normal, [](Console& console) {
          console.note("evil \x1b]0;title\x07");
        }) == "evil ?]0;title?\n");
}
