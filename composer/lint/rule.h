#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "composer/blueprint.h"

// The language in which the rules are declared: docs/lint.md, `lint --list`, the checks of a
// blueprint's `lint` section and every report come from one table of these.

namespace composer::lint {

class System;
struct Subject;

/// error: the image is refused by Azure, does not boot or provision, or endangers whoever runs it.
/// warning: it works, and falls short of what Azure or the official images ask for.
/// note: worth knowing before it is published.
enum class Severity { error, warning, note };

/// `error`, `warning`, `note`.
std::string_view to_text(Severity severity);

/// A set of LintProfile.
class Profiles {
 public:
  constexpr Profiles() = default;
  template <typename... P>
  constexpr explicit Profiles(P... profiles) : bits_((bit(profiles) | ...)) {}

  constexpr bool has(LintProfile profile) const { return (bits_ & bit(profile)) != 0; }
  constexpr bool meets(Profiles other) const { return (bits_ & other.bits_) != 0; }
  constexpr bool within(Profiles other) const { return (bits_ & ~other.bits_) == 0; }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr Profiles operator|(Profiles other) const {
    Profiles both;
    both.bits_ = bits_ | other.bits_;
    return both;
  }

 private:
  static constexpr std::uint32_t bit(LintProfile profile) {
    return 1U << static_cast<int>(profile);
  }
  std::uint32_t bits_ = 0;
};

inline constexpr std::array kAllProfiles{LintProfile::azure_gen1,     LintProfile::azure_gen2,
                                         LintProfile::trusted_launch, LintProfile::confidential,
                                         LintProfile::hyperv,         LintProfile::wsl,
                                         LintProfile::container};

/// What a check found.
struct Verdict {
  enum class Outcome {
    passed,
    failed,
    skipped,       ///< It could not be known; `reason` says why.
    inapplicable,  ///< The rule is about something that the image does not have.
  };

  Outcome outcome = Outcome::passed;
  std::vector<std::string> found;  ///< What is wrong, one line each; of a failure.
  std::string reason;
};

Verdict passed();
Verdict failed(std::string found);
/// Passed when nothing was found.
Verdict failed_if(std::vector<std::string> found);
Verdict skipped(std::string reason);
Verdict inapplicable(std::string reason);

/// What a check looks at.
struct Examination {
  const Subject& subject;
  System& system;     ///< Of subject.root; only where the rule needs it.
  Profiles profiles;  ///< For which the image is judged.
};

/// What must have been read before a rule can be judged; without it the rule is skipped.
enum class Needs { file, disk, root, disk_and_root };

struct Rule {
  std::string_view id;  ///< Stable, kebab-case.
  int group = 0;        ///< 1 to 34: the group of requirements that it belongs to (docs/lint.md).
  std::string_view title;  ///< What a good image has, no full stop.
  Severity severity = Severity::error;
  Profiles profiles;
  Needs needs = Needs::root;
  std::string_view why;     ///< What goes wrong otherwise; one sentence.
  std::string_view source;  ///< URL of the document that says so.
  std::string_view fix;     ///< In the blueprint, one sentence.
  Verdict (*check)(const Examination&) = nullptr;
};

/// All rules, by group.
std::span<const Rule> rules();

/// The rule of that id, or null.
const Rule* find_rule(std::string_view id);

}  // namespace composer::lint
