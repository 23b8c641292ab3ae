#include "composer/plan/decide_scripts.h"

#include <algorithm>
#include <fmt/format.h>

#include "composer/base/file_descriptor.h"
#include "composer/base/source_folder.h"

namespace composer {
namespace {

/// A script goes into the plan; a program of this size belongs into a package.
constexpr Bytes kLargestScript = MiB(4);

/// What is wrong with a script's first line, where the kernel reads it. execve(2): the
/// interpreter's path is what follows `#!` up to a space, and a carriage return is a part of it.
std::string mistake_in(const PlannedScript& script) {
  if (!script.interpreter.empty() || !script.content.starts_with("#!")) return {};
  const std::string_view line =
      std::string_view(script.content).substr(2, script.content.find('\n') - 2);
  if (line.ends_with('\r')) {
    return fmt::format("script '{}' has the line ends of another system (CR LF)", script.name);
  }
  const auto from = line.find_first_not_of(" \t");
  if (from == std::string_view::npos || line[from] != '/') {
    return fmt::format("the '#!' line of script '{}' names no program by an absolute path",
                       script.name);
  }
  return {};
}

template <typename Request>
std::string content_of(const Request& request, const std::filesystem::path& folder) {
  if (request.content) return request.content->value;
  if (!request.source) return {};
  return read_file_beneath(folder_of(request.source->at, folder), request.source->value,
                           kLargestScript);
}

PlannedScript plan_script(const ScriptRequest& request, const std::filesystem::path& folder) {
  PlannedScript script;
  script.name = request.name.value;
  script.content = content_of(request, folder);
  if (request.when) script.when = request.when->value;
  if (request.interpreter) script.interpreter = request.interpreter->value;
  if (request.network) script.network = request.network->value;
  for (const PairRequest& pair : request.environment) {
    script.environment.push_back({pair.key.value, pair.value.value});
  }
  if (const std::string mistake = mistake_in(script); !mistake.empty()) {
    throw Error(ErrorKind::usage, mistake,
                "begin it with '#!/bin/sh' and a line feed, or give an 'interpreter'");
  }
  return script;
}

/// One planned script for each request; the problems of all at once, each at its place.
template <typename Planned, typename Request, typename Plan>
std::vector<Planned> plan_each(const std::vector<Request>& requests, const Plan& plan_one) {
  std::vector<Planned> scripts;
  std::vector<Problem> problems;
  for (const Request& request : requests) {
    try {
      scripts.push_back(plan_one(request));
    } catch (const Error& error) {
      for (Problem problem : error.problems()) {
        problem.at = request.source    ? request.source->at
                     : request.content ? request.content->at
                                       : request.name.at;
        problems.push_back(std::move(problem));
      }
    }
  }
  if (!problems.empty()) throw Error(ErrorKind::usage, std::move(problems));
  return scripts;
}

}  // namespace

std::vector<PlannedScript> plan_scripts(const std::vector<ScriptRequest>& requests,
                                        const std::filesystem::path& folder) {
  std::vector<PlannedScript> scripts = plan_each<PlannedScript>(
      requests, [&](const ScriptRequest& request) { return plan_script(request, folder); });
  std::stable_partition(scripts.begin(), scripts.end(), [](const PlannedScript& script) {
    return script.when == ScriptMoment::before_configuration;
  });
  return scripts;
}

std::vector<PlannedTestScript> plan_test_scripts(const std::vector<TestScriptRequest>& requests,
                                                 const std::filesystem::path& folder) {
  return plan_each<PlannedTestScript>(requests, [&](const TestScriptRequest& request) {
    return PlannedTestScript{request.name.value, content_of(request, folder)};
  });
}

}  // namespace composer
