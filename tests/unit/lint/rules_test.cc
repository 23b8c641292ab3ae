#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

#include "tests/unit/lint/mutations.h"

namespace composer::lint {
namespace {

/// The first profile that a rule is for.
LintProfile profile_of(const Rule& rule) {
  return *std::find_if(kAllProfiles.begin(), kAllProfiles.end(),
                       [&](LintProfile profile) { return rule.profiles.has(profile); });
}

const Result& result_of(const Report& report, std::string_view id) {
  return *std::find_if(report.results.begin(), report.results.end(),
                       [&](const Result& result) { return result.rule->id == id; });
}

const Mutation* mutation_of(std::string_view rule) {
  for (const auto list : {mutations_of_disk(), mutations_of_system()}) {
    for (const Mutation& mutation : list) {
      if (mutation.rule == rule) return &mutation;
    }
  }
  return nullptr;
}

TEST_CASE("every group of requirements has a rule, and every rule an image that breaks it") {
  std::set<int> groups;
  std::set<std::string_view> ids;
  for (const Rule& rule : rules()) {
    INFO(rule.id);
    groups.insert(rule.group);
    CHECK(ids.insert(rule.id).second);
    CHECK(mutation_of(rule.id) != nullptr);
  }
  CHECK(groups.size() == 34);
  CHECK(*groups.begin() == 1);
  CHECK(*groups.rbegin() == 34);
  CHECK(mutations_of_disk().size() + mutations_of_system().size() == rules().size());
}

TEST_CASE("a good image fails no rule of its profile, and each is judged") {
  for (const LintProfile profile : kAllProfiles) {
    INFO(composer::to_text(profile));
    SampleImage image = good_image(profile);
    image.label();
    const Report report = judged(image, profile);
    CHECK(failing(report).empty());
    for (const Result& result : report.results) {
      INFO(result.rule->id << ": " << result.verdict.reason);
      CHECK(result.verdict.outcome != Verdict::Outcome::skipped);
    }
  }
}

TEST_CASE("each rule passes on a good image and fails, alone, on the one that breaks it") {
  for (const Rule& rule : rules()) {
    INFO(rule.id);
    const LintProfile profile = profile_of(rule);
    SampleImage image = good_image(profile);
    image.label();
    CHECK(result_of(judged(image, profile), rule.id).verdict.outcome == Verdict::Outcome::passed);

    mutation_of(rule.id)->apply(image);
    if (rule.id != "selinux-labels") image.label();
    const Report report = judged(image, profile);
    CHECK(failing(report) == std::vector<std::string>{std::string(rule.id)});
    for (const std::string& found : result_of(report, rule.id).verdict.found) {
      INFO(found);
      CHECK_FALSE(found.empty());
      CHECK(found.back() != '.');
    }
  }
}

TEST_CASE("files that no SELinux policy labels need no label") {
  SampleImage image = good_image(LintProfile::azure_gen2);
  image.root.directory("/var/spool/cron/atjobs");
  image.label();
  const auto labels = [&] {
    return result_of(judged(image, LintProfile::azure_gen2), "selinux-labels").verdict;
  };
  image.root.directory("/proc");
  image.root.file("/var/spool/cron/atjobs/.SEQ", "0").file("/var/spool/cron/root", "@daily true");
  CHECK(labels().outcome == Verdict::Outcome::passed);
  image.root.directory("/var/spool/cron/new");
  CHECK(labels().found == std::vector<std::string>{"/var/spool/cron/new has no label"});
}

TEST_CASE("what was not read is skipped with the reason, and never passes") {
  Subject subject;
  subject.name = "nothing";
  subject.disk_problem = "the disk is on fire";
  subject.root_problem = "the root is a riddle";
  const Report report = judge(subject, {LintProfile::azure_gen2, LintProfile::confidential}, {});
  CHECK(report.results.size() > 100);
  for (const Result& result : report.results) {
    INFO(result.rule->id);
    CHECK(result.verdict.outcome == Verdict::Outcome::skipped);
    CHECK_FALSE(result.verdict.reason.empty());
  }
  CHECK(result_of(report, "root-locked").verdict.reason == "the root is a riddle");
  CHECK(result_of(report, "esp-present").verdict.reason == "the disk is on fire");
}

TEST_CASE("without a package database nothing is said of packages") {
  SampleImage image = good_image(LintProfile::azure_gen2);
  image.label();
  image.subject.packages.reset();
  image.subject.packages_problem = "the rpm database is damaged";
  const Report report = judged(image, LintProfile::azure_gen2);
  CHECK(failing(report).empty());
  const Verdict& verdict = result_of(report, "azure-agent-installed").verdict;
  CHECK(verdict.outcome == Verdict::Outcome::skipped);
  CHECK(verdict.reason == "the rpm database is damaged");
}

TEST_CASE("a rule that is ignored is judged, and does not count") {
  SampleImage image = good_image(LintProfile::azure_gen2);
  mutation_of("umask")->apply(image);
  image.label();
  const Report report = judged(image, LintProfile::azure_gen2,
                               {{"umask", "our users share files"}, {"no-logs", "just in case"}});
  CHECK(failing(report).empty());
  CHECK(result_of(report, "umask").verdict.outcome == Verdict::Outcome::failed);
  CHECK(result_of(report, "umask").ignored == "our users share files");
}

}  // namespace
}  // namespace composer::lint
