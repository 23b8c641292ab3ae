#include "composer/tree/scripts.h"

#include <algorithm>
#include <deque>
#include <fmt/format.h>

#include "composer/error.h"

namespace composer::tree {
namespace {

constexpr std::size_t kShownLines = 20;  ///< Of a failed script's output.
constexpr std::string_view kShell = "/bin/sh";

/// What runs the script: what was asked for, else the program of its `#!` line, else the shell.
std::string interpreter_of(const PlannedScript& script) {
  if (!script.interpreter.empty()) return script.interpreter;
  if (!script.content.starts_with("#!")) return std::string(kShell);
  std::string_view line = std::string_view(script.content).substr(2);
  line = line.substr(0, line.find('\n'));
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  return std::string(line.substr(0, line.find_first_of(" \t")));
}

RootCommand command_for(const PlannedScript& script, std::int64_t epoch) {
  RootCommand command;
  // The kernel reads a `#!` line itself, with its argument.
  if (!script.interpreter.empty() || !script.content.starts_with("#!")) {
    command.arguments.push_back(interpreter_of(script));
  }
  command.arguments.emplace_back(kRootProgram);
  command.environment.push_back(fmt::format("SOURCE_DATE_EPOCH={}", epoch));
  for (const PlannedPair& variable : script.environment) {
    command.environment.push_back(fmt::format("{}={}", variable.key, variable.value));
  }
  command.program = script.content;
  command.network = script.network ? RootNetwork::host : RootNetwork::none;
  return command;
}

void run(const PlannedScript& script, std::int64_t epoch, Root& root, Progress& progress) {
  const std::string subject = fmt::format("script '{}' ({})", script.name, to_text(script.when));
  const std::string interpreter = interpreter_of(script);
  const auto status = root.status(interpreter);
  if (!status || status->kind != FileKind::regular) {
    throw Error(ErrorKind::build,
                fmt::format("{} needs '{}', which is not in the image", subject, interpreter),
                "install the package that has it, or give the script another 'interpreter'");
  }
  if (script.network) {
    progress.note(fmt::format("{} runs with the network of this machine", subject));
  }
  std::deque<std::string> last;
  RootCommand command = command_for(script, epoch);
  command.on_line = [&](std::string_view line) {
    progress.output(fmt::format("script {}", script.name), line);
    if (line.empty()) return;
    last.emplace_back(line);
    if (last.size() > kShownLines) last.pop_front();
  };
  const RootCommandResult result = root.run(command);
  if (result.status == 0) return;
  Problem problem;
  problem.message = result.status > 128
                        ? fmt::format("{} was ended by signal {}", subject, result.status - 128)
                        : fmt::format("{} failed with status {}", subject, result.status);
  for (const std::string& line : last) problem.notes.push_back("| " + line);
  throw Error(ErrorKind::build, std::move(problem));
}

}  // namespace

std::vector<std::string> describe_scripts(const Plan& plan) {
  std::vector<std::string> lines;
  for (const PlannedScript& script : plan.scripts) {
    std::string line = fmt::format(
        "{}: {} ({}, {}), network: {}", to_text(script.when), script.name, interpreter_of(script),
        to_text(Bytes{script.content.size()}), script.network ? "yes" : "no");
    for (const PlannedPair& variable : script.environment) {
      line += fmt::format(", {}={}", variable.key, variable.value);
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

void run_scripts(const Plan& plan, ScriptMoment when, Root& root, Progress& progress) {
  for (const PlannedScript& script : plan.scripts) {
    if (script.when == when) run(script, plan.source_date_epoch, root, progress);
  }
}

}  // namespace composer::tree
