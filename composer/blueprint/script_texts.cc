#include <fmt/format.h>

#include "composer/blueprint/characters.h"
#include "composer/blueprint/scalars.h"

namespace composer::blueprint {
namespace {

constexpr std::size_t kLongestName = 64;

std::optional<Refusal> check_script_name(std::string_view text) {
  if (text.size() > kLongestName) {
    return Refusal{fmt::format("a script's name of {} characters", text.size()),
                   fmt::format("use at most {}", kLongestName)};
  }
  if (!text.empty() && is_alphanumeric(text.front()) && holds_only(text, "._-")) {
    return std::nullopt;
  }
  return Refusal{fmt::format("'{}' is not a valid name of a script", text),
                 "begin with a letter or digit, and use only letters, digits, '.', '_' and '-'"};
}

// IEEE Std 1003.1, "Environment Variables": names that every shell can use.
std::optional<Refusal> check_variable_name(std::string_view text) {
  if (!text.empty() && !is_digit(text.front()) && holds_only(text, "_")) return std::nullopt;
  return Refusal{fmt::format("'{}' is not a valid name of a variable", text),
                 "begin with a letter or '_', and use only letters, digits and '_'"};
}

std::optional<Refusal> check_variable_value(std::string_view) {
  return std::nullopt;
}

}  // namespace

constinit const Scalar<std::string> kScriptName = {
    {"a script's name",
     "A letter or digit, then letters, digits, `.`, `_` and `-`; no other script's."},
    checked_text<check_script_name>};
constinit const Scalar<std::string> kVariableName = {
    {"a variable's name", "A letter or `_`, then letters, digits and `_`."},
    checked_text<check_variable_name>};
constinit const Scalar<std::string> kVariableValue = {{"a value", "Any text."},
                                                      checked_text<check_variable_value>};

}  // namespace composer::blueprint
