#include "composer/lint/lint.h"

#include <algorithm>
#include <fmt/format.h>

#include "composer/error.h"
#include "composer/lint/config_text.h"
#include "composer/lint/system.h"

namespace composer::lint {
namespace {

Profiles set_of(const std::vector<LintProfile>& profiles) {
  Profiles set;
  for (const LintProfile profile : profiles) set = set | Profiles{profile};
  return set;
}

/// Why the rule cannot be judged; empty when it can.
std::string what_is_missing(const Rule& rule, const Subject& subject) {
  const auto reason = [](const std::string& problem, const char* otherwise) {
    return problem.empty() ? std::string(otherwise) : problem;
  };
  const bool disk = rule.needs == Needs::disk || rule.needs == Needs::disk_and_root;
  const bool root = rule.needs == Needs::root || rule.needs == Needs::disk_and_root;
  if (rule.needs == Needs::file && !subject.file) return "the image's file was not looked at";
  if (disk && !subject.disk) return reason(subject.disk_problem, "the image has no disk");
  if (root && subject.root == nullptr) {
    return reason(subject.root_problem, "the image's root filesystem could not be read");
  }
  return {};
}

Verdict judged(const Rule& rule, const Examination& examination) {
  if (std::string missing = what_is_missing(rule, examination.subject); !missing.empty()) {
    return skipped(std::move(missing));
  }
  try {
    return rule.check(examination);
  } catch (const Error& error) {
    return skipped(error.what());
  }
}

Problem unknown_rule(const std::string& id, Span at) {
  std::vector<std::string> ids;
  for (const Rule& rule : rules()) ids.emplace_back(rule.id);
  const auto near = nearest(id, ids);
  return {.message = fmt::format("there is no lint rule '{}'", shown(id)),
          .at = std::move(at),
          .hint = near ? fmt::format("did you mean '{}'?", *near)
                       : std::string("'image-composer lint --list' shows them all")};
}

}  // namespace

std::size_t Report::failures(Severity severity) const {
  return static_cast<std::size_t>(std::count_if(
      results.begin(), results.end(),
      [&](const Result& result) { return result.counts() && result.rule->severity == severity; }));
}

std::size_t Report::count(Verdict::Outcome outcome) const {
  return static_cast<std::size_t>(
      std::count_if(results.begin(), results.end(),
                    [&](const Result& result) { return result.verdict.outcome == outcome; }));
}

Report judge(const Subject& subject, const std::vector<LintProfile>& profiles,
             const std::vector<Ignored>& ignored) {
  const Profiles set = set_of(profiles);
  System system(subject);
  Report report{subject.name, profiles, {}};
  for (const Rule& rule : rules()) {
    if (!rule.profiles.meets(set)) continue;
    Result result{&rule, judged(rule, {subject, system, set}), {}};
    for (const Ignored& entry : ignored) {
      if (entry.rule == rule.id) result.ignored = entry.reason;
    }
    report.results.push_back(std::move(result));
  }
  return report;
}

void check_ignored(const std::vector<Ignored>& ignored) {
  std::vector<Problem> problems;
  for (const Ignored& entry : ignored) {
    if (find_rule(entry.rule) == nullptr) problems.push_back(unknown_rule(entry.rule, {}));
    if (trimmed(entry.reason).empty()) {
      problems.push_back(
          {.message = fmt::format("rule '{}' is ignored without a reason", shown(entry.rule)),
           .hint = fmt::format("write why: --ignore {}=REASON", shown(entry.rule))});
    }
  }
  if (!problems.empty()) throw Error(ErrorKind::usage, std::move(problems));
}

void check_ignored(const LintRequest& request) {
  std::vector<Problem> problems;
  for (const LintIgnoreRequest& entry : request.ignore) {
    if (find_rule(*entry.rule) == nullptr) {
      problems.push_back(unknown_rule(*entry.rule, entry.rule.at));
    }
  }
  if (!problems.empty()) throw Error(ErrorKind::usage, std::move(problems));
}

}  // namespace composer::lint
