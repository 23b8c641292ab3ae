#pragma once

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace composer {

/// An option's words, each with what it means: `--firmware uefi`. Anything else is refused with the
/// list of them.
template <typename Value>
CLI::Validator one_of(std::vector<std::pair<std::string, Value>> words) {
  return CLI::Validator(
      [words = std::move(words)](std::string& text) {
        std::vector<std::string> known;
        for (const auto& [word, value] : words) {
          if (word == text) {
            // CLI11 reads enumerations as numbers.
            text = std::to_string(static_cast<std::underlying_type_t<Value>>(value));
            return std::string();
          }
          known.push_back(word);
        }
        return fmt::format("'{}' is none of {}", text, fmt::join(known, ", "));
      },
      "");
}

/// The same for values that have their own text.
template <typename Value, typename Values>
CLI::Validator one_of_texts(const Values& values) {
  std::vector<std::pair<std::string, Value>> words;
  for (const Value value : values) words.emplace_back(to_text(value), value);
  return one_of<Value>(std::move(words));
}

}  // namespace composer
