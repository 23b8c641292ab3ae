#include <charconv>
#include <fmt/format.h>

#include "composer/blueprint/characters.h"
#include "composer/blueprint/scalars.h"

namespace composer::blueprint {
namespace {

bool is_in_quotes(const Node& node) {
  return node.style == Node::Style::quoted || node.style == Node::Style::block;
}

std::optional<Refusal> read_boolean(const Node& node, bool& value) {
  const bool word = node.text == "true" || node.text == "false";
  if (word && !is_in_quotes(node)) {
    value = node.text == "true";
    return std::nullopt;
  }
  Refusal refusal{fmt::format("'{}' is neither true nor false", node.text), "write true or false"};
  if (word) {
    refusal = {fmt::format("'{}' in quotes is a text, not true or false", node.text),
               "leave the quotes out"};
  }
  constexpr std::string_view kYes[] = {"yes", "Yes", "YES", "on", "On", "ON", "True", "TRUE", "1"};
  constexpr std::string_view kNo[] = {"no", "No", "NO", "off", "Off", "OFF", "False", "FALSE", "0"};
  const auto is_one_of = [&](const auto& words) {
    return std::find(std::begin(words), std::end(words), node.text) != std::end(words);
  };
  if (is_one_of(kYes)) refusal.hint = "did you mean 'true'?";
  if (is_one_of(kNo)) refusal.hint = "did you mean 'false'?";
  return refusal;
}

/// A whole decimal number within the type's bounds, not in quotes.
template <typename T, const Scalar<T>& type>
std::optional<Refusal> read_integer(const Node& node, T& value) {
  const std::string& text = node.text;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool digits =
      !text.empty() && end == text.data() + text.size() && error != std::errc::invalid_argument;
  const std::string bounds =
      fmt::format("{} is between {} and {}", type.name, type.least, type.most);
  if (!digits) return Refusal{fmt::format("'{}' is not {}", text, type.name), bounds};
  const std::string_view magnitude = std::string_view(text).substr(text[0] == '-' ? 1 : 0);
  if (magnitude.size() > 1 && magnitude[0] == '0') {
    return Refusal{fmt::format("'{}' begins with a zero, which YAML 1.1 reads as octal", text),
                   "write the number in decimal, without leading zeros"};
  }
  if (is_in_quotes(node)) {
    return Refusal{fmt::format("'{}' in quotes is a text, not {}", text, type.name),
                   "leave the quotes out"};
  }
  if (error != std::errc() || number < type.least || number > type.most) {
    return Refusal{fmt::format("'{}' is out of range", text), bounds};
  }
  value = static_cast<T>(number);
  return std::nullopt;
}

std::optional<Refusal> read_version(const Node& node, int& value) {
  value = 1;
  if (node.text == "1" && !is_in_quotes(node)) return std::nullopt;
  return Refusal{fmt::format("blueprint language '{}' is not known", node.text),
                 "this image-composer reads 'blueprint: 1'; a higher number needs a newer one"};
}

std::optional<Refusal> read_epoch(const Node& node, std::int64_t& value) {
  if (node.text.find_first_of("-:T") != std::string::npos && node.text.size() >= 8 &&
      is_digit(node.text[0])) {
    return Refusal{fmt::format("'{}' is a date, not seconds since 1970", node.text),
                   fmt::format("'date -u -d {} +%s' says how many they are", node.text)};
  }
  return read_integer<std::int64_t, kEpoch>(node, value);
}

std::optional<Refusal> read_mode(const Node& node, std::uint32_t& value) {
  const std::string& text = node.text;
  const bool octal = !text.empty() && text.find_first_not_of("01234567") == std::string::npos;
  const bool is_text = node.style == Node::Style::quoted || node.style == Node::Style::variable;
  if (octal && text.size() == 4 && is_text) {
    value = static_cast<std::uint32_t>(std::stoul(text, nullptr, 8));
    return std::nullopt;
  }
  if (octal && text.size() <= 4 && text.size() >= 3) {
    const std::string hint = fmt::format("write \"{}{}\"", text.size() == 3 ? "0" : "", text);
    if (is_text) {
      return Refusal{fmt::format("file mode '{}' does not have four digits", text), hint};
    }
    return Refusal{
        fmt::format("file mode {} is not in quotes: YAML 1.1 reads such a number as octal "
                    "and YAML 1.2 as decimal",
                    text),
        hint};
  }
  return Refusal{fmt::format("'{}' is not a file mode", text),
                 "write four octal digits in quotes, such as \"0644\" or \"0755\""};
}

}  // namespace

constinit const Scalar<bool> kBoolean = {{"true or false", {}, Shape::boolean}, read_boolean};

constinit const Scalar<int> kLanguageVersion = {{"the number 1", {}, Shape::integer, {}, 1, 1},
                                                read_version};

constinit const Scalar<int> kPriority = {
    {"a priority", "A whole number from 1 to 9999.", Shape::integer, {}, 1, 9999},
    read_integer<int, kPriority>};

constinit const Scalar<int> kCost = {
    {"a cost", "A whole number from 0 to 1000000.", Shape::integer, {}, 0, 1'000'000},
    read_integer<int, kCost>};

// 2^32 - 1: what the 32-bit times of several formats in an image can say, until 2106.
constinit const Scalar<std::int64_t> kEpoch = {{"a count of seconds",
                                                "Seconds since 1970-01-01 00:00 UTC.",
                                                Shape::integer,
                                                {},
                                                0,
                                                4294967295},
                                               read_epoch};

// 65535 and 4294967295 are -1 to 16-bit and 32-bit system calls (systemd, "Users, Groups, UIDs and
// GIDs"); the first is refused where ids are compared, in check_system.cc.
constinit const Scalar<std::uint32_t> kNumericId = {
    {"a numeric id",
     "A whole number from 0 to 4294967294, and not 65535.",
     Shape::integer,
     {},
     0,
     4294967294},
    read_integer<std::uint32_t, kNumericId>};

constinit const Scalar<std::uint32_t> kFileMode = {
    {"a file mode", "Four octal digits in quotes, such as `\"0644\"`.", Shape::text}, read_mode};

}  // namespace composer::blueprint
