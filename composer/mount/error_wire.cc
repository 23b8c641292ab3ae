#include "composer/mount/error_wire.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace composer::mount {
namespace {

using nlohmann::json;

std::string text_of(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::vector<std::string> texts_of(const json& object, const char* key) {
  std::vector<std::string> texts;
  const auto found = object.find(key);
  if (found == object.end() || !found->is_array()) return texts;
  for (const json& entry : *found) {
    if (entry.is_string()) texts.push_back(entry.get<std::string>());
  }
  return texts;
}

/// What a pipe takes without anybody reading it is 64 KiB (pipe(7)), and a byte that is no UTF-8
/// takes three as U+FFFD, or six escaped.
constexpr std::size_t kMostText = 8000;

std::string shortened(const std::string& text, std::size_t most) {
  return text.size() <= most ? text : text.substr(0, most) + " …";
}

}  // namespace

std::string to_wire(const Error& error) {
  json problems = json::array();
  std::size_t room = kMostText;
  const auto fitting = [&](const std::string& text) {
    std::string fits = shortened(text, room);
    room -= std::min(text.size(), room);
    return fits;
  };
  for (const Problem& problem : error.problems()) {
    if (room == 0) break;
    json notes = json::array();
    const std::string message = fitting(problem.message), hint = fitting(problem.hint);
    for (const std::string& note : problem.notes) {
      if (room == 0) break;
      notes.push_back(fitting(note));
    }
    problems.push_back({{"message", message}, {"notes", notes}, {"hint", hint}});
  }
  const json whole = {{"kind", static_cast<int>(error.kind())},
                      {"problems", problems},
                      {"context", error.context()}};
  // Scriptlets may print anything; bytes that are not UTF-8 become U+FFFD.
  return whole.dump(-1, ' ', false, json::error_handler_t::replace);
}

Error from_wire(std::string_view text) {
  const json whole = json::parse(text, nullptr, false);
  std::vector<Problem> problems;
  if (whole.is_object() && whole.contains("problems") && whole["problems"].is_array()) {
    for (const json& entry : whole["problems"]) {
      if (!entry.is_object()) continue;
      problems.push_back(
          {text_of(entry, "message"), {}, texts_of(entry, "notes"), text_of(entry, "hint")});
    }
  }
  if (problems.empty()) {
    return Error(ErrorKind::build, "a contained process reported an error that cannot be read");
  }
  const bool host = whole.contains("kind") && whole["kind"] == static_cast<int>(ErrorKind::host);
  Error error(host ? ErrorKind::host : ErrorKind::build, std::move(problems));
  for (std::string& frame : texts_of(whole, "context")) error.add_context(std::move(frame));
  return error;
}

}  // namespace composer::mount
