#include "composer/lint_images.h"

#include <algorithm>
#include <fmt/format.h>

#include "composer/base/file_descriptor.h"
#include "composer/error.h"
#include "composer/lint/report.h"
#include "composer/lint_subject.h"
#include "composer/version.h"

namespace composer {
namespace {

bool is_artefact(OutputFormat format) {
  return format == OutputFormat::tar || format == OutputFormat::directory;
}

/// What a rule found, as notes of an error.
Problem problem_of(const lint::Report& report) {
  Problem problem{.message = fmt::format("image '{}' fails {} lint rule{}", report.image,
                                         report.failures(lint::Severity::error),
                                         report.failures(lint::Severity::error) == 1 ? "" : "s"),
                  .hint =
                      "lint.json beside the image says why and how to mend it; a rule that may "
                      "fail goes into 'lint.ignore'"};
  for (const lint::Result& result : report.results) {
    if (!result.counts() || result.rule->severity != lint::Severity::error) continue;
    for (const std::string& found : result.verdict.found) {
      problem.notes.push_back(fmt::format("{}: {}", result.rule->id, found));
    }
  }
  return problem;
}

}  // namespace

lint::Report lint_image(const std::filesystem::path& image,
                        const std::vector<LintProfile>& profiles,
                        const std::vector<lint::Ignored>& ignored, Progress& progress) {
  const LintSubject open = open_lint_subject(image, progress);
  return lint::judge(open.subject, profiles, ignored);
}

std::vector<std::filesystem::path> images_to_lint(const Plan& plan, std::span<const Image> images) {
  const auto& profiles = plan.lint.profiles;
  const bool machine = std::any_of(profiles.begin(), profiles.end(), [](LintProfile profile) {
    return profile != LintProfile::wsl && profile != LintProfile::container;
  });
  std::vector<std::filesystem::path> wanted, all;
  for (const Image& image : images) {
    const OutputFormat format = image.output.format;
    if (machine ? format == OutputFormat::vhd_fixed : is_artefact(format)) {
      wanted.push_back(image.path);
    }
    all.push_back(image.path);
  }
  return wanted.empty() ? all : wanted;
}

std::string lint_build(const Plan& plan, std::span<const Image> images,
                       const std::filesystem::path& directory, Progress& progress) {
  if (plan.lint.profiles.empty()) return {};
  std::vector<lint::Ignored> ignored;
  for (const PlannedLintIgnore& entry : plan.lint.ignore) {
    ignored.push_back({entry.rule, entry.reason});
  }
  std::vector<lint::Report> reports;
  std::vector<Problem> problems;
  std::string text;
  for (const std::filesystem::path& image : images_to_lint(plan, images)) {
    lint::Report report = lint_image(image, plan.lint.profiles, ignored, progress);
    // What is written beside the image does not say where the build's folder was.
    report.image = image.filename().string();
    text += lint::report_text(report);
    if (report.failures(lint::Severity::error) > 0) problems.push_back(problem_of(report));
    reports.push_back(std::move(report));
  }
  write_file_atomically(directory / "lint.json", lint::report_json(reports, kVersion));
  if (!problems.empty()) throw Error(ErrorKind::build, std::move(problems));
  return text;
}

void check_lint(const Blueprint& blueprint) {
  lint::check_ignored(blueprint.lint);
}

}  // namespace composer
