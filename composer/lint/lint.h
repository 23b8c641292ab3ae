#pragma once

#include <optional>
#include <string>
#include <vector>

#include "composer/lint/rule.h"
#include "composer/lint/subject.h"

// Judging one image by the rules: which rule, what it found, and whether somebody decided to live
// with it.

namespace composer::lint {

/// A rule whose failure is accepted, and why.
struct Ignored {
  std::string rule, reason;
};

struct Result {
  const Rule* rule = nullptr;
  Verdict verdict;
  std::optional<std::string> ignored;  ///< The reason, where the rule is ignored.

  bool counts() const { return verdict.outcome == Verdict::Outcome::failed && !ignored; }
};

struct Report {
  std::string image;
  std::vector<LintProfile> profiles;
  std::vector<Result> results;  ///< Of every rule for the profiles, in the order of the rules.

  /// Failures of that severity that are not ignored.
  std::size_t failures(Severity severity) const;
  std::size_t count(Verdict::Outcome outcome) const;
};

/// Judges an image by every rule of its profiles. A check that cannot read what it needs is
/// skipped with the reason; nothing is thrown for what is in an image.
Report judge(const Subject& subject, const std::vector<LintProfile>& profiles,
             const std::vector<Ignored>& ignored);

/// @throws Error  of kind usage for ids that no rule has, with a suggestion, and for reasons that
///                are empty.
void check_ignored(const std::vector<Ignored>& ignored);

/// The same for the `lint` section of a blueprint, with its places.
void check_ignored(const LintRequest& request);

}  // namespace composer::lint
