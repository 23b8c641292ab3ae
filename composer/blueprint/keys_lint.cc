#include <algorithm>

#include "composer/blueprint.h"
#include "composer/blueprint/characters.h"
#include "composer/blueprint/mappings.h"
#include "composer/blueprint/reader.h"
#include "composer/blueprint/scalars.h"
#include "composer/blueprint/words.h"

// The `lint` section: what the finished image is judged by. Whether a rule of that name is there,
// composer/lint knows.

namespace composer::blueprint {
namespace {

constexpr std::size_t kLongestRule = 64, kLongestReason = 256;

std::optional<Refusal> check_rule(std::string_view text) {
  const bool good = !text.empty() && text.size() <= kLongestRule && is_lower(text.front()) &&
                    std::all_of(text.begin(), text.end(),
                                [](char c) { return is_lower(c) || is_digit(c) || c == '-'; });
  if (good) return std::nullopt;
  return Refusal{"a lint rule is named by lower-case letters, digits and '-'",
                 "'image-composer lint --list' shows them all"};
}

std::optional<Refusal> check_reason(std::string_view text) {
  if (text.find_first_not_of(' ') == std::string_view::npos) {
    return Refusal{"an empty reason", "say why the rule may fail in this image"};
  }
  if (text.size() > kLongestReason || text.find_first_of("\n\t") != std::string_view::npos) {
    return Refusal{"a reason is one line of at most 256 characters", "say it shorter"};
  }
  return std::nullopt;
}

constinit const Scalar<std::string> kLintRule = {
    {"a lint rule", "One of those that `image-composer lint --list` shows."},
    checked_text<check_rule>};
constinit const Scalar<std::string> kReason = {{"a reason", "One line of 1 to 256 characters."},
                                               checked_text<check_reason>};

constexpr Stranger kLintStrangers[] = {
    {"profile", "profiles"},
    {"ignored", "ignore"},
    {"skip", "ignore"},
};

constexpr Stranger kIgnoreStrangers[] = {
    {"id", "rule"},
    {"name", "rule"},
    {"why", "reason"},
};

}  // namespace

const Mapping& lint_ignore_mapping() {
  static constexpr Table table(
      {"an ignored rule",
       "lint.ignore[]",
       "A rule that is judged and told, but whose failure does not fail the build.",
       {},
       kIgnoreStrangers},
      {key<&LintIgnoreRequest::rule, kLintRule>({.name = "rule",
                                                 .presence = Presence::required,
                                                 .meaning = "The rule, as docs/lint.md has it."}),
       key<&LintIgnoreRequest::reason, kReason>(
           {.name = "reason",
            .presence = Presence::required,
            .meaning = "Why that is right for this image; it stands in the report."})});
  return table;
}

const Mapping& lint_mapping() {
  static constexpr Table table(
      {"the lint section",
       "lint",
       "What the finished images are judged by (docs/lint.md); an error fails the build.",
       {},
       kLintStrangers},
      {key<&LintRequest::profiles, kLintProfile>({.name = "profiles",
                                                  .fallback = "none: the images are not judged",
                                                  .meaning = "What the images are for."}),
       section<&LintRequest::ignore, lint_ignore_mapping>(
           {.name = "ignore", .fallback = "none", .meaning = "Rules that may fail."})});
  return table;
}

}  // namespace composer::blueprint
