#include <algorithm>

#include "composer/lint/rule.h"
#include "composer/lint/rules_boot.h"
#include "composer/lint/rules_disk.h"
#include "composer/lint/rules_leftovers.h"
#include "composer/lint/rules_packages.h"
#include "composer/lint/rules_security.h"
#include "composer/lint/rules_services.h"

namespace composer::lint {
namespace {

constexpr int kGroups = 34;

template <std::size_t... N>
constexpr auto joined(const Rule (&... lists)[N]) {
  std::array<Rule, (N + ...)> all{};
  auto at = all.begin();
  ((at = std::copy(std::begin(lists), std::end(lists), at)), ...);
  return all;
}

constexpr auto kRules =
    joined(kDiskRules, kBootRules, kServiceRules, kLeftoverRules, kPackageRules, kSecurityRules);

/// By group, every group there, and no rule without its parts. (That each has its check, the tests
/// say: with -fsanitize=undefined g++ 12 takes no function's address for a constant.)
constexpr bool is_complete() {
  int group = 0;
  for (const Rule& rule : kRules) {
    if (rule.group != group && rule.group != group + 1) return false;
    group = rule.group;
    if (rule.id.empty() || rule.title.empty() || rule.why.empty() || rule.fix.empty() ||
        !rule.source.starts_with("https://") || rule.profiles.empty()) {
      return false;
    }
  }
  return group == kGroups;
}
static_assert(is_complete());

}  // namespace

std::string_view to_text(Severity severity) {
  switch (severity) {
    case Severity::error:
      return "error";
    case Severity::warning:
      return "warning";
    case Severity::note:
      return "note";
  }
  return "";
}

Verdict passed() {
  return {};
}

Verdict failed(std::string found) {
  return {Verdict::Outcome::failed, {std::move(found)}, {}};
}

Verdict failed_if(std::vector<std::string> found) {
  if (found.empty()) return passed();
  return {Verdict::Outcome::failed, std::move(found), {}};
}

Verdict skipped(std::string reason) {
  return {Verdict::Outcome::skipped, {}, std::move(reason)};
}

Verdict inapplicable(std::string reason) {
  return {Verdict::Outcome::inapplicable, {}, std::move(reason)};
}

std::span<const Rule> rules() {
  return kRules;
}

const Rule* find_rule(std::string_view id) {
  const auto found =
      std::find_if(kRules.begin(), kRules.end(), [&](const Rule& rule) { return rule.id == id; });
  return found == kRules.end() ? nullptr : &*found;
}

}  // namespace composer::lint
