#include "composer/mount/contained_process.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "composer/error.h"
#include "composer/host/interrupt.h"
#include "composer/mount/clone_by_copy.h"
#include "composer/mount/confinement.h"
#include "composer/mount/contained_root.h"
#include "composer/mount/error_wire.h"

namespace composer::mount {
namespace {

constexpr int kMostReport = 1 << 20;
constexpr char kStarted = '+';

struct Pipe {
  FileDescriptor read_end, write_end;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw system_error("cannot make a pipe", errno);
  return {FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

/// Runs `body`, and writes the Error that leaves it to the one who waits.
template <typename Body>
int reporting(int report, Body&& body) noexcept {
  try {
    try {
      return body();
    } catch (const Error& error) {
      write_all(report, to_wire(error), "report");
    } catch (const std::exception& error) {
      write_all(report, to_wire(Error(ErrorKind::build, error.what())), "report");
    }
  } catch (...) {
    // Nobody is left to tell.
  }
  return 125;
}

void close_all_but(std::vector<int> kept) {
  std::sort(kept.begin(), kept.end());
  unsigned from = 3;
  for (const int fd : kept) {
    if (fd < 3) continue;
    const auto number = static_cast<unsigned>(fd);
    if (number > from) ::close_range(from, number - 1, 0);
    from = number + 1;
  }
  ::close_range(from, ~0U, 0);
}

/// 0, 1 and 2 from the streams, which may themselves have low numbers.
void take_streams(const ContainedStreams& streams) {
  std::array<int, 3> copies{};
  const std::array<int, 3> given{streams.input, streams.output, streams.error};
  for (std::size_t i = 0; i < 3; ++i) copies[i] = ::fcntl(given[i], F_DUPFD_CLOEXEC, 3);
  for (std::size_t i = 0; i < 3; ++i) {
    if (copies[i] < 0 || ::dup2(copies[i], static_cast<int>(i)) < 0) {
      throw system_error("cannot pass on a descriptor", errno);
    }
    ::close(copies[i]);
  }
}

int status_of(int status) {
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/// Answers requests for clones until a child has ended, or nobody can ask any more.
void answer_until_child_ends(FileDescriptor& listener, const FileDescriptor& children) {
  for (;;) {
    std::array<pollfd, 2> wanted = {{{children.get(), POLLIN, 0}, {listener.get(), POLLIN, 0}}};
    if (::poll(wanted.data(), wanted.size(), -1) < 0 && errno != EINTR) return listener.reset();
    if ((wanted[1].revents & POLLIN) != 0) {
      answer_clone_request(listener.get());
    } else if (wanted[1].revents != 0) {
      return listener.reset();
    }
    signalfd_siginfo ended{};
    if (wanted[0].revents != 0 && ::read(children.get(), &ended, sizeof ended) > 0) return;
  }
}

/// Waits for the main process, reaping whatever else ends; then ends everything that is left.
int serve_as_init(pid_t main, FileDescriptor listener) {
  sigset_t child;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  const FileDescriptor children(::signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!children) listener.reset();
  int result = 125;
  for (;;) {
    if (listener) answer_until_child_ends(listener, children);
    int status = 0;
    const pid_t ended = ::waitpid(-1, &status, listener ? WNOHANG : 0);
    if (ended == 0 || (ended < 0 && errno == EINTR)) continue;
    if (ended < 0) break;
    if (ended == main) {
      result = status_of(status);
      break;
    }
  }
  ::kill(-1, SIGKILL);  // Everything in this namespace but ourselves.
  while (::waitpid(-1, nullptr, 0) > 0 || errno == EINTR) {
  }
  return result;
}

/// Gives init the listener of the main process, which keeps none.
void hand_over(const FileDescriptor& channel, const FileDescriptor& listener) {
  const int number = listener.get();
  char taken = 0;
  if (::write(channel.get(), &number, sizeof number) != sizeof number) return;
  while (::read(channel.get(), &taken, 1) < 0 && errno == EINTR) {
  }
}

FileDescriptor take_over(const FileDescriptor& channel, pid_t main) {
  int number = -1;
  ssize_t n = 0;
  do {
    n = ::read(channel.get(), &number, sizeof number);
  } while (n < 0 && errno == EINTR);
  if (n != sizeof number || number < 0) return {};
  return descriptor_of(main, number);  // The main process goes on when the channel is closed.
}

/// PID 1 of the new namespace. Never runs anything of the root itself.
int run_init(const std::filesystem::path& root, const ContainedStreams& streams,
             const std::function<int()>& body, const ContainedSurroundings& surroundings,
             int report, int life) {
  // What a scriptlet could learn from our memory or descriptors is closed to it.
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  ::setsid();  // The terminal's Ctrl-C is for the one who waits, who then ends us.
  ::clearenv();
  wipe_initial_environment();
  const bool online = surroundings.network == RootNetwork::host;
  if (::unshare(CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP |
                (online ? 0 : CLONE_NEWNET)) != 0) {
    throw system_error("cannot make namespaces", errno);
  }
  if (::sethostname("localhost", 9) != 0 || ::setdomainname("(none)", 6) != 0) {
    throw system_error("cannot set the host name", errno);
  }
  // Nothing that is mounted from here on may reach the one who waits.
  ContainedRoot contained(root);
  if (!surroundings.program.empty()) contained.add_program(surroundings.program);
  if (online) contained.show_resolver(surroundings.resolver);
  for (const ShownFolder& shown : surroundings.shown) {
    contained.show_folder(shown.path, shown.folder);
  }

  std::array<int, 2> channel{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, channel.data()) != 0) {
    throw system_error("cannot make a pair of sockets", errno);
  }
  FileDescriptor ours(channel[0]), theirs(channel[1]);
  sigset_t child;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  ::sigprocmask(SIG_BLOCK, &child, nullptr);  // serve_as_init reads it.
  const pid_t main = ::fork();
  if (main < 0) throw system_error("cannot start a process", errno);
  if (main == 0) {
    ::_exit(reporting(report, [&] {
      take_streams(streams);
      std::vector<int> kept = streams.kept;
      kept.push_back(report);
      kept.push_back(theirs.get());
      close_all_but(std::move(kept));
      if (const FileDescriptor listener = confine_this_process(surroundings.clones)) {
        hand_over(theirs, listener);
      }
      theirs.reset();
      write_all(report, std::string_view(&kStarted, 1), "report");
      return body();
    }));
  }
  theirs.reset();
  FileDescriptor listener = take_over(ours, main);
  ours.reset();
  // Hold nothing open of what the others wait to be closed.
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  for (const int fd : {0, 1, 2}) ::dup2(null, fd);
  ::close(null);
  for (const int fd : streams.kept) ::close(fd);
  for (const int fd : {streams.input, streams.output, streams.error}) {
    if (fd > 2) ::close(fd);
  }
  ::close(life);
  const int result = serve_as_init(main, std::move(listener));
  contained.carry_attributes();
  contained.hide_resolver();
  return result;
}

}  // namespace

ContainedProcess::ContainedProcess(const std::filesystem::path& root,
                                   const ContainedStreams& streams,
                                   const std::function<int()>& body,
                                   const ContainedSurroundings& surroundings) {
  host::throw_if_interrupted();
  Pipe report = make_pipe(), life = make_pipe();
  const FileDescriptor own_pids = open_file("/proc/self/ns/pid", O_RDONLY);
  // The next child of this thread, and it alone, begins a new PID namespace.
  if (::unshare(CLONE_NEWPID) != 0) {
    const int cause = errno;
    throw Error(ErrorKind::host, system_error("cannot make a PID namespace", cause).what(),
                cause == EPERM ? "installing packages needs root: run it with sudo" : "");
  }
  const pid_t child = ::fork();
  const int cause = errno;
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    // Had the parent ended before the line above, nothing would tell us. Its end of this pipe would
    // be closed then.
    life.write_end.reset();
    pollfd parent{life.read_end.get(), 0, 0};
    if (::poll(&parent, 1, 0) != 0) ::_exit(125);
    ::_exit(reporting(report.write_end.get(), [&] {
      return run_init(root, streams, body, surroundings, report.write_end.get(),
                      life.read_end.get());
    }));
  }
  if (::setns(own_pids.get(), CLONE_NEWPID) != 0) {
    const int failure = errno;
    if (child > 0) {
      ::kill(child, SIGKILL);
      ::waitpid(child, nullptr, 0);
    }
    throw system_error("cannot return to the own PID namespace", failure);
  }
  if (child < 0) throw system_error("cannot start a process", cause);
  init_ = child;
  report.write_end.reset();
  report_ = std::move(report.read_end);

  char first = 0;
  ssize_t n = 0;
  do {
    n = ::read(report_.get(), &first, 1);
  } while (n < 0 && errno == EINTR);
  if (n == 1 && first == kStarted) return;
  if (n == 1) reported_.push_back(first);
  try {
    wait();
  } catch (Error& error) {
    throw error.add_context(fmt::format("while entering the root '{}'", root.string()));
  }
  throw Error(ErrorKind::build, fmt::format("cannot enter the root '{}'", root.string()));
}

ContainedProcess::~ContainedProcess() {
  kill();
}

void ContainedProcess::read_report() {
  std::array<char, 4096> buffer{};
  for (;;) {
    const ssize_t n = ::read(report_.get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    if (reported_.size() < kMostReport)
      reported_.append(buffer.data(), static_cast<std::size_t>(n));
  }
}

int ContainedProcess::wait() {
  if (init_ < 0) throw Error(ErrorKind::build, "a contained process was waited for twice");
  int status = 0;
  while (::waitpid(init_, &status, 0) < 0) {
    if (errno != EINTR) throw system_error("cannot wait for a contained process", errno);
    if (host::interrupted()) kill();
    host::throw_if_interrupted();
  }
  init_ = -1;
  read_report();
  if (!reported_.empty()) throw from_wire(reported_);
  return status_of(status);
}

void ContainedProcess::kill() noexcept {
  if (init_ < 0) return;
  ::kill(init_, SIGKILL);
  while (::waitpid(init_, nullptr, 0) < 0 && errno == EINTR) {
  }
  init_ = -1;
}

}  // namespace composer::mount
