#include "composer/host/process.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <map>
#include <poll.h>
#include <sstream>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "composer/base/file_descriptor.h"
#include "composer/base/trace.h"
#include "composer/error.h"
#include "composer/host/interrupt.h"
#include "composer/host/suppress_sync.h"

namespace composer::host {
namespace {

constexpr std::string_view kSystemFolders =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// A command that prints without end is cut here; nothing that we run prints this much.
constexpr std::size_t kMostOutput = std::size_t{64} << 20;

std::string search_path() {
  const char* path = std::getenv("PATH");
  return path && *path ? fmt::format("{}:{}", path, kSystemFolders) : std::string(kSystemFolders);
}

struct Pipe {
  FileDescriptor read_end, write_end;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw system_error("cannot make a pipe", errno);
  return {FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

std::vector<std::string> environment_of(const Command& command) {
  std::map<std::string, std::string> values;
  const auto set = [&](std::string_view assignment) {
    const auto equals = assignment.find('=');
    if (equals == std::string_view::npos) return;
    values[std::string(assignment.substr(0, equals))] = std::string(assignment.substr(equals + 1));
  };
  if (command.inherit_environment) {
    for (char** entry = environ; *entry; ++entry) set(*entry);
  }
  values["PATH"] = search_path();
  values["LC_ALL"] = "C.UTF-8";
  values["TZ"] = "UTC";
  for (const std::string& assignment : command.environment) set(assignment);
  std::vector<std::string> list;
  for (const auto& [name, value] : values) list.push_back(name + "=" + value);
  return list;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> list;
  for (std::string& s : strings) list.push_back(s.data());
  list.push_back(nullptr);
  return list;
}

[[noreturn]] void become(const char* program, char* const* arguments, char* const* environment,
                         int in, int out, int err, int failure, pid_t parent, Syncs syncs) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);  // The parent ended before prctl took effect.
  ::dup2(in, 0);
  ::dup2(out, 1);
  ::dup2(err, 2);
  for (const int signal : {SIGINT, SIGTERM, SIGPIPE}) std::signal(signal, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  if (syncs == Syncs::suppressed) suppress_sync();
  ::execve(program, arguments, environment);
  const int cause = errno;
  [[maybe_unused]] const auto n = ::write(failure, &cause, sizeof cause);
  ::_exit(127);
}

/// The last lines of a command's output, indented, for an error.
std::vector<std::string> tail(std::string_view text, std::size_t most) {
  std::vector<std::string> lines;
  std::istringstream stream{std::string(text)};
  for (std::string line; std::getline(stream, line);) {
    if (!line.empty()) lines.push_back("| " + line);
  }
  if (lines.size() > most)
    lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(most));
  return lines;
}

void forward_lines(Progress& progress, std::string_view source, std::string_view text) {
  while (!text.empty()) {
    const auto end = text.find('\n');
    progress.output(source, text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
}

int wait_for(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/// Feeds `input` and gathers both outputs until the child closes them.
void exchange(Pipe& in, Pipe& out, Pipe& err, std::string_view input, CommandOutput& result,
              pid_t child) {
  ::fcntl(in.write_end.get(), F_SETFL, O_NONBLOCK);
  if (input.empty()) in.write_end.reset();
  std::string buffer(1 << 16, '\0');
  const auto drain = [&](FileDescriptor& fd, std::string& into) {
    const ssize_t n = ::read(fd.get(), buffer.data(), buffer.size());
    if (n > 0) {
      if (into.size() < kMostOutput) into.append(buffer, 0, static_cast<std::size_t>(n));
    } else if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
      fd.reset();
    }
  };
  bool told = false;
  while (out.read_end || err.read_end) {
    std::array<pollfd, 3> wanted = {{{out.read_end.get(), POLLIN, 0},
                                     {err.read_end.get(), POLLIN, 0},
                                     {in.write_end.get(), POLLOUT, 0}}};
    const int ready = ::poll(wanted.data(), wanted.size(), -1);
    if (interrupted() && !told) {
      ::kill(child, SIGTERM);
      told = true;
    }
    if (ready < 0) continue;
    if (wanted[0].revents) drain(out.read_end, result.standard_output);
    if (wanted[1].revents) drain(err.read_end, result.standard_error);
    if (wanted[2].revents) {
      const ssize_t n = ::write(in.write_end.get(), input.data(), input.size());
      if (n > 0) input.remove_prefix(static_cast<std::size_t>(n));
      if (input.empty() || (n < 0 && errno != EINTR && errno != EAGAIN)) in.write_end.reset();
    }
  }
}

}  // namespace

std::string find_program(std::string_view program) {
  if (program.find('/') != std::string_view::npos) {
    return ::access(std::string(program).c_str(), X_OK) == 0 ? std::string(program) : std::string();
  }
  std::istringstream folders(search_path());
  for (std::string folder; std::getline(folders, folder, ':');) {
    const std::string candidate = fmt::format("{}/{}", folder, program);
    if (folder.starts_with('/') && ::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return {};
}

void require_tools(const std::vector<Tool>& tools) {
  std::vector<Problem> missing;
  for (const Tool& tool : tools) {
    if (!find_program(tool.program).empty()) continue;
    missing.push_back({fmt::format("cannot find '{}', needed to {}", tool.program, tool.needed_for),
                       {},
                       {},
                       fmt::format("apt install {}", tool.package)});
  }
  if (!missing.empty()) throw Error(ErrorKind::host, std::move(missing));
}

CommandOutput CommandRunner::run(const Command& command) const {
  throw_if_interrupted();
  const std::string program = find_program(command.arguments.at(0));
  if (program.empty()) {
    throw Error(ErrorKind::host, fmt::format("cannot find '{}'", command.arguments[0]),
                "install the package that has it, or add its folder to PATH");
  }
  progress_->command(command.arguments);
  const TraceSpan span("command", fmt::format("{}", fmt::join(command.arguments, " ")));

  Pipe in = make_pipe(), out = make_pipe(), err = make_pipe(), failure = make_pipe();
  std::vector<std::string> arguments = command.arguments;
  std::vector<std::string> environment = environment_of(command);
  const std::vector<char*> argument_list = pointers(arguments);
  const std::vector<char*> environment_list = pointers(environment);
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) throw system_error(fmt::format("cannot start '{}'", program), errno);
  if (child == 0) {
    become(program.c_str(), argument_list.data(), environment_list.data(), in.read_end.get(),
           out.write_end.get(), err.write_end.get(), failure.write_end.get(), parent,
           command.syncs);
  }
  in.read_end.reset();
  out.write_end.reset();
  err.write_end.reset();
  failure.write_end.reset();

  CommandOutput result;
  exchange(in, out, err, command.input, result, child);
  result.status = wait_for(child);
  int cause = 0;
  if (::read(failure.read_end.get(), &cause, sizeof cause) == sizeof cause) {
    throw system_error(fmt::format("cannot start '{}'", program), cause);
  }
  throw_if_interrupted();
  const std::string source = command.arguments[0];
  forward_lines(*progress_, source, result.standard_output);
  forward_lines(*progress_, source, result.standard_error);
  return result;
}

CommandOutput CommandRunner::check(const Command& command) const {
  CommandOutput result = run(command);
  if (result.status == 0) return result;
  std::string line;
  for (const std::string& argument : command.arguments) {
    line += (line.empty() ? "" : " ") + argument;
  }
  Problem problem;
  problem.message =
      result.status > 128
          ? fmt::format("'{}' was ended by signal {}", command.arguments[0], result.status - 128)
          : fmt::format("'{}' failed with status {}", command.arguments[0], result.status);
  problem.notes =
      tail(result.standard_error.empty() ? result.standard_output : result.standard_error, 20);
  problem.notes.insert(problem.notes.begin(), "command: " + line);
  throw Error(ErrorKind::build, std::move(problem));
}

}  // namespace composer::host
