#include "composer/host/child_process.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <string_view>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

#include "composer/error.h"
#include "composer/host/process.h"

namespace composer::host {
namespace {

/// Above every descriptor number that a child is given.
constexpr int kFirstFreeDescriptor = 64;

std::pair<FileDescriptor, FileDescriptor> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw system_error("cannot make a pipe", errno);
  return {FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

std::vector<std::string> environment() {
  std::vector<std::string> list;
  for (char** entry = environ; *entry; ++entry) {
    const std::string_view text = *entry;
    const auto replaced = {"LC_ALL=", "TZ="};
    if (std::none_of(replaced.begin(), replaced.end(),
                     [&](std::string_view name) { return text.starts_with(name); })) {
      list.emplace_back(text);
    }
  }
  list.emplace_back("LC_ALL=C.UTF-8");
  list.emplace_back("TZ=UTC");
  return list;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> list;
  for (std::string& s : strings) list.push_back(s.data());
  list.push_back(nullptr);
  return list;
}

struct Start {
  const char* program;
  char* const* arguments;
  char* const* environment;
  int input, output, failure;
  const std::vector<int>* descriptors;
  pid_t parent;
};

/// Between fork and exec: async-signal-safe calls only.
[[noreturn]] void become(const Start& start) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != start.parent) ::_exit(127);  // The parent ended before prctl took effect.
  // Out of the way first, since a source may have the number of another one's destination.
  const int failure = ::fcntl(start.failure, F_DUPFD_CLOEXEC, kFirstFreeDescriptor);
  std::array<int, kFirstFreeDescriptor> moved{};
  const std::size_t count = start.descriptors->size();
  for (std::size_t i = 0; i < count; ++i) {
    moved[i] = ::fcntl((*start.descriptors)[i], F_DUPFD_CLOEXEC, kFirstFreeDescriptor);
  }
  ::dup2(start.input, 0);
  ::dup2(start.output, 1);
  ::dup2(start.output, 2);
  for (std::size_t i = 0; i < count; ++i) ::dup2(moved[i], static_cast<int>(i) + 3);
  ::close_range(static_cast<unsigned>(count) + 3, ~0U, CLOSE_RANGE_CLOEXEC);
  for (const int signal : {SIGINT, SIGTERM, SIGPIPE}) std::signal(signal, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::execve(start.program, start.arguments, start.environment);
  const int cause = errno;
  [[maybe_unused]] const auto n = ::write(failure, &cause, sizeof cause);
  ::_exit(127);
}

}  // namespace

ChildProcess::ChildProcess(const ChildCommand& command, Progress& progress) {
  const std::string program = find_program(command.arguments.at(0));
  if (program.empty()) {
    throw Error(ErrorKind::host, fmt::format("cannot find '{}'", command.arguments[0]),
                "install the package that has it, or add its folder to PATH");
  }
  if (command.descriptors.size() + 3 > kFirstFreeDescriptor) {
    throw Error(ErrorKind::build, "too many descriptors for a child");
  }
  progress.command(command.arguments);

  auto output = make_pipe();
  auto failure = make_pipe();
  const FileDescriptor nothing = open_file("/dev/null", O_RDONLY);
  const int input = command.input >= 0 ? command.input : nothing.get();
  std::vector<std::string> arguments = command.arguments;
  std::vector<std::string> variables = environment();
  const std::vector<char*> argument_list = pointers(arguments);
  const std::vector<char*> variable_list = pointers(variables);
  const Start start = {program.c_str(),     argument_list.data(), variable_list.data(), input,
                       output.second.get(), failure.second.get(), &command.descriptors, ::getpid()};
  child_ = ::fork();
  if (child_ < 0) throw system_error(fmt::format("cannot start '{}'", program), errno);
  if (child_ == 0) become(start);
  output.second.reset();
  failure.second.reset();
  output_ = std::move(output.first);
  ::fcntl(output_.get(), F_SETFL, O_NONBLOCK);
  end_ = FileDescriptor(static_cast<int>(::syscall(SYS_pidfd_open, child_, 0)));
  const int no_pidfd = errno;

  int cause = 0;
  ssize_t n = 0;
  while ((n = ::read(failure.first.get(), &cause, sizeof cause)) < 0 && errno == EINTR) {
  }
  // The destructor does not run for an object whose constructor threw.
  if (n == sizeof cause || !end_) {
    ::kill(child_, SIGKILL);
    while (::waitpid(child_, nullptr, 0) < 0 && errno == EINTR) {
    }
    throw system_error(fmt::format("cannot start '{}'", program), end_ ? cause : no_pidfd);
  }
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : child_(std::exchange(other.child_, -1)),
      end_(std::move(other.end_)),
      output_(std::move(other.output_)),
      status_(other.status_) {}

ChildProcess::~ChildProcess() {
  if (child_ < 0 || status_) return;
  ::kill(child_, SIGKILL);
  while (::waitpid(child_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

std::string ChildProcess::read_output() {
  std::string text;
  std::array<char, 4096> buffer{};
  while (output_) {
    const ssize_t n = ::read(output_.get(), buffer.data(), buffer.size());
    if (n > 0) {
      text.append(buffer.data(), static_cast<std::size_t>(n));
    } else if (n < 0 && errno == EINTR) {
      continue;
    } else {
      if (n == 0) output_.reset();
      break;
    }
  }
  return text;
}

std::optional<int> ChildProcess::status() {
  if (status_) return status_;
  int raw = 0;
  if (::waitpid(child_, &raw, WNOHANG) == child_) {
    status_ = WIFSIGNALED(raw) ? 128 + WTERMSIG(raw) : WEXITSTATUS(raw);
  }
  return status_;
}

bool ChildProcess::wait_for_end(std::chrono::milliseconds most) {
  const auto until = std::chrono::steady_clock::now() + most;
  while (!status()) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        until - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    pollfd wanted = {end_.get(), POLLIN, 0};
    ::poll(&wanted, 1, static_cast<int>(std::min<std::int64_t>(left.count() + 1, 1000)));
  }
  return true;
}

int ChildProcess::end(std::chrono::milliseconds patience) {
  if (!status()) ::kill(child_, SIGTERM);
  if (!wait_for_end(patience)) {
    ::kill(child_, SIGKILL);
    while (!wait_for_end(std::chrono::seconds(1))) {
    }
  }
  return *status_;
}

}  // namespace composer::host
