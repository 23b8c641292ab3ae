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

PlannedScript plan_script(const ScriptRequest& request, const std::filesystem::path& folder) {
  PlannedScript script;
  script.name = request.name.value;
  if (request.content) {
    script.content = request.content->value;
  } else if (request.source) {
    script.content = read_file_beneath(folder_of(request.source->at, folder), request.source->value,
                                       kLargestScript);
  }
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

}  // namespace

std::vector<PlannedScript> plan_scripts(const std::vector<ScriptRequest>& requests,
                                        const std::filesystem::path& folder) {
  std::vector<PlannedScript> scripts;
  std::vector<Problem> problems;
  for (const ScriptRequest& request : requests) {
    try {
      scripts.push_back(plan_script(request, folder));
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
  std::stable_partition(scripts.begin(), scripts.end(), [](const PlannedScript& script) {
    return script.when == ScriptMoment::before_configuration;
  });
  return scripts;
}

}  // namespace composer
