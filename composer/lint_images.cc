#include "composer/lint_images.h"

#include <algorithm>
#include <fmt/format.h>

#include "composer/base/file_descriptor.h"
#include "composer/error.h"
#include "composer/lint/report.h"
#include "composer/lint_subject.h"
#include "composer/output_format.h"
#include "composer/version.h"

namespace composer {
namespace {

/// Whether what is in the file can be looked at (composer/inspect).
bool can_be_examined(OutputFormat format, Compression compression) {
  switch (format) {
    case OutputFormat::qcow2:
    case OutputFormat::vhd_fixed:
    case OutputFormat::vhd:
    case OutputFormat::vhdx:
    case OutputFormat::directory:
    case OutputFormat::tar:
    case OutputFormat::wsl:
      return true;
    case OutputFormat::raw:
      return compression == Compression::none;
    case OutputFormat::cosi:
    case OutputFormat::oci:
    case OutputFormat::oci_archive:
    case OutputFormat::cpio:
    case OutputFormat::kernel:
      return false;
  }
  return false;
}

/// Whether the output is one that the profiles are about.
bool is_meant(OutputFormat format, const std::vector<LintProfile>& profiles) {
  const auto any = [&](auto what) { return std::any_of(profiles.begin(), profiles.end(), what); };
  if (any([](LintProfile profile) {
        return profile != LintProfile::wsl && profile != LintProfile::container &&
               profile != LintProfile::hyperv;
      })) {
    return format == OutputFormat::vhd_fixed;
  }
  if (any([](LintProfile profile) { return profile == LintProfile::hyperv; })) {
    return format == OutputFormat::vhd_fixed || format == OutputFormat::vhd ||
           format == OutputFormat::vhdx;
  }
  return !is_made_of_disk(format);
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
  std::vector<std::filesystem::path> wanted, all;
  for (const Image& image : images) {
    const PlannedOutput& output = image.output;
    if (!can_be_examined(output.format, output.compression)) continue;
    if (is_meant(output.format, plan.lint.profiles)) wanted.push_back(image.path);
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
  if (blueprint.lint.profiles.empty() || blueprint.outputs.empty()) return;
  for (const OutputRequest& output : blueprint.outputs) {
    const Compression compression =
        output.compression ? **output.compression : facts_of(*output.format).compressions[0];
    if (can_be_examined(*output.format, compression)) return;
  }
  const Located<OutputFormat>& first = blueprint.outputs.front().format;
  throw Error(ErrorKind::usage,
              Problem{.message = fmt::format("'lint' asks for rules, and no output can be looked "
                                             "at: '{}' is the first",
                                             to_text(first.value)),
                      .at = first.at,
                      .hint = fmt::format("add '{{format: {}}}' to 'outputs', or remove 'lint'",
                                          blueprint.has_disk() ? "raw" : "tar")});
}

}  // namespace composer
