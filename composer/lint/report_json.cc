#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "composer/lint/report.h"

namespace composer::lint {
namespace {

using Json = nlohmann::ordered_json;
using Outcome = Verdict::Outcome;

std::string_view outcome_text(Outcome outcome) {
  switch (outcome) {
    case Outcome::passed:
      return "passed";
    case Outcome::failed:
      return "failed";
    case Outcome::skipped:
      return "skipped";
    case Outcome::inapplicable:
      return "inapplicable";
  }
  return "";
}

/// Bytes of an image that are not UTF-8 become U+FFFD.
std::string text_of(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Json result_json(const Result& result) {
  const Rule& rule = *result.rule;
  Json json = {{"rule", rule.id},
               {"group", rule.group},
               {"severity", to_text(rule.severity)},
               {"outcome", outcome_text(result.verdict.outcome)},
               {"wanted", rule.title}};
  if (!result.verdict.found.empty()) json["found"] = result.verdict.found;
  if (!result.verdict.reason.empty()) json["reason"] = result.verdict.reason;
  if (result.ignored) json["ignored"] = *result.ignored;
  if (result.verdict.outcome == Outcome::failed) {
    json["why"] = rule.why;
    json["fix"] = rule.fix;
    json["source"] = rule.source;
  }
  return json;
}

std::string_view sarif_level(Severity severity) {
  return to_text(severity);  // SARIF's words are the same.
}

Json sarif_rule(const Rule& rule) {
  std::string tags = fmt::format("group-{}", rule.group);
  return {{"id", rule.id},
          {"shortDescription", {{"text", rule.title}}},
          {"fullDescription", {{"text", rule.why}}},
          {"helpUri", rule.source},
          {"help", {{"text", rule.fix}}},
          {"defaultConfiguration", {{"level", sarif_level(rule.severity)}}},
          {"properties", {{"tags", {tags}}}}};
}

/// RFC 3986: what a path may hold stays, the rest is written in percents.
std::string uri_of(std::string_view path) {
  std::string uri;
  for (const char c : path) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-._~/").find(c) != std::string_view::npos;
    uri += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return uri;
}

Json sarif_result(const Result& result, std::size_t index, const Report& report) {
  const bool failed = result.verdict.outcome == Outcome::failed;
  std::string message = failed ? std::string() : result.verdict.reason;
  for (const std::string& found : result.verdict.found) {
    message += fmt::format("{}{}", message.empty() ? "" : "\n", found);
  }
  Json json = {{"ruleId", result.rule->id},
               {"ruleIndex", index},
               {"kind", failed ? "fail" : "open"},
               {"level", failed ? sarif_level(result.rule->severity) : "none"},
               {"message", {{"text", message}}},
               {"locations",
                {{{"physicalLocation", {{"artifactLocation", {{"uri", uri_of(report.image)}}}}}}}}};
  if (failed && result.ignored) {
    json["suppressions"] = {{{"kind", "external"}, {"justification", *result.ignored}}};
  }
  return json;
}

}  // namespace

std::string report_json(std::span<const Report> reports, std::string_view tool_version) {
  Json images = Json::array();
  for (const Report& report : reports) {
    Json profiles = Json::array(), results = Json::array();
    for (const LintProfile profile : report.profiles) {
      profiles.push_back(composer::to_text(profile));
    }
    for (const Result& result : report.results) results.push_back(result_json(result));
    images.push_back({{"image", report.image},
                      {"profiles", std::move(profiles)},
                      {"errors", report.failures(Severity::error)},
                      {"warnings", report.failures(Severity::warning)},
                      {"notes", report.failures(Severity::note)},
                      {"results", std::move(results)}});
  }
  return text_of({{"format", 1}, {"tool_version", tool_version}, {"images", std::move(images)}});
}

std::string report_sarif(std::span<const Report> reports, std::string_view tool_version) {
  Json all_rules = Json::array(), results = Json::array();
  for (const Rule& rule : rules()) all_rules.push_back(sarif_rule(rule));
  for (const Report& report : reports) {
    for (const Result& result : report.results) {
      const Outcome outcome = result.verdict.outcome;
      if (outcome != Outcome::failed && outcome != Outcome::skipped) continue;
      const auto index = static_cast<std::size_t>(result.rule - rules().data());
      results.push_back(sarif_result(result, index, report));
    }
  }
  const Json driver = {{"name", "image-composer lint"},
                       {"semanticVersion", tool_version},
                       {"rules", std::move(all_rules)}};
  Json run = {{"tool", {{"driver", driver}}}, {"results", std::move(results)}};
  return text_of({{"$schema",
                   "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/"
                   "sarif-schema-2.1.0.json"},
                  {"version", "2.1.0"},
                  {"runs", Json::array({std::move(run)})}});
}

}  // namespace composer::lint
