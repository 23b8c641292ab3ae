#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "composer/lint/report.h"

namespace composer::lint {
namespace {

using Outcome = Verdict::Outcome;

std::string counted(std::size_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string profile_names(const std::vector<LintProfile>& profiles) {
  std::string names;
  for (const LintProfile profile : profiles) {
    names += fmt::format("{}{}", names.empty() ? "" : ", ", composer::to_text(profile));
  }
  return names;
}

void add_failure(std::string& out, const Result& result) {
  const Rule& rule = *result.rule;
  out += fmt::format("{}: {}\n", to_text(rule.severity), rule.id);
  out += fmt::format("  wanted: {}\n", rule.title);
  for (const std::string& found : result.verdict.found) out += fmt::format("  found:  {}\n", found);
  out += fmt::format("  why:    {}\n", rule.why);
  out += fmt::format("  fix:    {}\n", rule.fix);
  out += fmt::format("  see:    {}\n\n", rule.source);
}

template <typename Wanted, typename Said>
void add_lines(std::string& out, const Report& report, std::string_view heading, Wanted&& wanted,
               Said&& said) {
  std::string lines;
  for (const Result& result : report.results) {
    if (wanted(result)) lines += fmt::format("  {}: {}\n", result.rule->id, said(result));
  }
  if (!lines.empty()) out += fmt::format("{}:\n{}\n", heading, lines);
}

}  // namespace

std::string report_text(const Report& report) {
  std::string out;
  for (const Severity severity : {Severity::error, Severity::warning}) {
    for (const Result& result : report.results) {
      if (result.counts() && result.rule->severity == severity) add_failure(out, result);
    }
  }
  add_lines(
      out, report, "notes",
      [](const Result& result) {
        return result.counts() && result.rule->severity == Severity::note;
      },
      [](const Result& result) {
        return fmt::format("{}", fmt::join(result.verdict.found, "; "));
      });
  add_lines(
      out, report, "could not be judged",
      [](const Result& result) { return result.verdict.outcome == Outcome::skipped; },
      [](const Result& result) { return result.verdict.reason; });
  add_lines(
      out, report, "ignored", [](const Result& result) { return result.ignored.has_value(); },
      [](const Result& result) {
        return result.verdict.outcome == Outcome::failed
                   ? *result.ignored
                   : *result.ignored + " (it does not fail: no need to ignore it)";
      });
  std::size_t ignored = 0;
  for (const Result& result : report.results) {
    ignored += result.ignored && result.verdict.outcome == Outcome::failed ? 1 : 0;
  }
  out += fmt::format(
      "{}: {}, {}, {}; {} for {}: {} passed, {} not judged, {} ignored, {} about what it has not\n",
      report.image, counted(report.failures(Severity::error), "error"),
      counted(report.failures(Severity::warning), "warning"),
      counted(report.failures(Severity::note), "note"), counted(report.results.size(), "rule"),
      profile_names(report.profiles), report.count(Outcome::passed), report.count(Outcome::skipped),
      ignored, report.count(Outcome::inapplicable));
  return out;
}

std::string rules_text() {
  std::string out;
  for (const Rule& rule : rules()) {
    out += fmt::format("{:>2}  {:<7}  {:<28}  {}\n", rule.group, to_text(rule.severity), rule.id,
                       rule.title);
  }
  return out;
}

std::string rules_markdown() {
  std::string out =
      "| group | rule | severity | a good image | profiles | why | fix | source |\n"
      "| --- | --- | --- | --- | --- | --- | --- | --- |\n";
  const auto cell = [](std::string_view text) {
    std::string escaped;
    for (const char c : text) {
      if (c == '|') escaped += '\\';
      escaped += c;
    }
    return escaped;
  };
  for (const Rule& rule : rules()) {
    std::vector<LintProfile> profiles;
    std::copy_if(kAllProfiles.begin(), kAllProfiles.end(), std::back_inserter(profiles),
                 [&](LintProfile profile) { return rule.profiles.has(profile); });
    out += fmt::format("| {} | `{}` | {} | {} | {} | {} | {} | [link]({}) |\n", rule.group, rule.id,
                       to_text(rule.severity), cell(rule.title),
                       profiles.size() == kAllProfiles.size() ? "all" : profile_names(profiles),
                       cell(rule.why), cell(rule.fix), rule.source);
  }
  return out;
}

}  // namespace composer::lint
