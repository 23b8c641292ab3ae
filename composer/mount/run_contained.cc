#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <fstream>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>
#include <utility>

#include "composer/base/file_descriptor.h"
#include "composer/error.h"
#include "composer/host/interrupt.h"
#include "composer/mount/confinement.h"
#include "composer/mount/contained_command.h"
#include "composer/mount/namespaces.h"

namespace composer::mount {
namespace {

/// A command that prints without end is cut here.
constexpr std::size_t kMostOutput = std::size_t{64} << 20;
constexpr std::string_view kCut = "\n[cut after 64 MiB]\n";

struct Pipe {
  FileDescriptor read_end, write_end;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw system_error("cannot make a pipe", errno);
  return {FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

int execute(const RootCommand& command) {
  set_clean_environment(command.environment);
  std::vector<char*> arguments;
  for (const std::string& argument : command.arguments) {
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  ::execvp(arguments[0], arguments.data());
  throw system_error(fmt::format("cannot start '{}' in the root", command.arguments[0]), errno);
}

/// Hands on whole lines as they come; the last one may have no end.
class Lines {
 public:
  explicit Lines(const RootCommand& command) : command_(command) {}

  void take(std::string_view text) {
    if (!command_.on_line) return;
    rest_.append(text);
    std::size_t from = 0;
    for (auto end = rest_.find('\n'); end != std::string::npos; end = rest_.find('\n', from)) {
      command_.on_line(std::string_view(rest_).substr(from, end - from));
      from = end + 1;
    }
    rest_.erase(0, from);
    if (rest_.size() > kMostLine) finish();
  }
  void finish() {
    if (command_.on_line && !rest_.empty()) command_.on_line(rest_);
    rest_.clear();
  }

 private:
  static constexpr std::size_t kMostLine = 64 << 10;

  const RootCommand& command_;
  std::string rest_;
};

void drain(FileDescriptor& fd, std::string& into, Lines* lines) {
  std::array<char, 1 << 16> buffer;
  const ssize_t n = ::read(fd.get(), buffer.data(), buffer.size());
  if (n > 0) {
    if (lines) lines->take({buffer.data(), static_cast<std::size_t>(n)});
    const bool room = into.size() < kMostOutput;
    if (room) into.append(buffer.data(), static_cast<std::size_t>(n));
    if (room && into.size() >= kMostOutput) into.append(kCut);
  } else if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
    fd.reset();
  }
}

/// What the host asks its names with; empty where it has nothing.
std::string resolver_of_host() {
  constexpr std::size_t kMost = 64 << 10;
  std::ifstream file("/etc/resolv.conf", std::ios::binary);
  std::string text(kMost, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  return text;
}

/// Standard input as a file in memory: nothing to feed, and no broken pipe when it is not read.
FileDescriptor input_of(const RootCommand& command) {
  if (command.input.empty()) return open_file("/dev/null", O_RDONLY);
  FileDescriptor fd(::memfd_create("input", MFD_CLOEXEC));
  if (!fd) throw system_error("cannot make a file in memory", errno);
  write_all_at(fd.get(), command.input, 0, "input");
  return fd;
}

}  // namespace

ContainedCommand::Streams ContainedCommand::streams_for(const RootCommand& command) {
  if (command.arguments.empty()) throw Error(ErrorKind::build, "no command to run in the root");
  Pipe out = make_pipe(), err = make_pipe();
  return {input_of(command), std::move(out.write_end), std::move(err.write_end),
          std::move(out.read_end), std::move(err.read_end)};
}

ContainedCommand::ContainedCommand(const std::filesystem::path& root, RootCommand command,
                                   std::vector<ShownFolder> shown)
    : command_(std::move(command)),
      streams_(streams_for(command_)),
      process_(root,
               {streams_.input.get(),
                streams_.output.get(),
                command_.on_line ? streams_.output.get() : streams_.error.get(),
                {}},
               [this] { return execute(command_); },
               {command_.network, command_.program,
                command_.network == RootNetwork::host ? resolver_of_host() : std::string(),
                command_.clones, std::move(shown)}) {
  streams_.output.reset();
  streams_.error.reset();
}

RootCommandResult ContainedCommand::wait() {
  FileDescriptor &out = streams_.from_output, &err = streams_.from_error;
  RootCommandResult result;
  Lines lines(command_);
  while (out || err) {
    std::array<pollfd, 2> wanted = {{{out.get(), POLLIN, 0}, {err.get(), POLLIN, 0}}};
    const int ready = ::poll(wanted.data(), wanted.size(), -1);
    host::throw_if_interrupted();  // The destructor ends what runs.
    if (ready < 0) continue;
    if (wanted[0].revents != 0) drain(out, result.standard_output, &lines);
    if (wanted[1].revents != 0) drain(err, result.standard_error, nullptr);
  }
  lines.finish();
  result.status = process_.wait();
  return result;
}

RootCommandResult run_contained(const std::filesystem::path& root, const RootCommand& command) {
  return ContainedCommand(root, command).wait();
}

}  // namespace composer::mount
