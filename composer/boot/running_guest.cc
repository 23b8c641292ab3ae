#include "composer/boot/running_guest.h"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <utility>

#include "composer/error.h"

namespace composer::vm {
namespace {

constexpr std::uint64_t kLongestLog = 64ull << 20;
constexpr std::size_t kMostQemuOutput = 8192;
/// Taken per call and port, so that a guest that prints without end cannot fill our memory.
constexpr std::size_t kMostPerCall = 1 << 20;

std::pair<FileDescriptor, FileDescriptor> socket_pair() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    throw system_error("cannot make a socket pair", errno);
  }
  // Ours does not block. QEMU's is a description of its own, and its own affair.
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  return {FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

std::vector<int> inherited(int console, int port, int image, int overlay) {
  std::vector<int> list = {console, port, image};
  if (overlay >= 0) list.push_back(overlay);
  return list;
}

Machine with_descriptors(Machine machine, int overlay) {
  machine.console = 3;
  machine.port = 4;
  machine.disk = 5;
  if (overlay >= 0) machine.overlay = 6;
  return machine;
}

void drain(FileDescriptor& from, std::string& into) {
  std::array<char, 16384> buffer{};
  while (from && into.size() < kMostPerCall) {
    const ssize_t n = ::recv(from.get(), buffer.data(), buffer.size(), 0);
    if (n > 0) {
      into.append(buffer.data(), static_cast<std::size_t>(n));
    } else if (n < 0 && errno == EINTR) {
      continue;
    } else {
      if (n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK)) from.reset();
      return;
    }
  }
}

}  // namespace

RunningGuest::Wiring RunningGuest::make_wiring() {
  auto console = socket_pair();
  auto port = socket_pair();
  return {std::move(console.first), std::move(console.second), std::move(port.first),
          std::move(port.second)};
}

RunningGuest::RunningGuest(Machine machine, int image, int overlay,
                           const std::filesystem::path& serial_log, Progress& progress)
    : RunningGuest(with_descriptors(std::move(machine), overlay), image, overlay, serial_log,
                   progress, make_wiring()) {}

RunningGuest::RunningGuest(Machine machine, int image, int overlay,
                           const std::filesystem::path& serial_log, Progress& progress,
                           Wiring wiring)
    : console_(std::move(wiring.console)),
      port_(std::move(wiring.port)),
      log_(serial_log.empty() ? FileDescriptor()
                              : open_file(serial_log, O_WRONLY | O_CREAT | O_TRUNC)),
      log_name_(serial_log.string()),
      child_({qemu_arguments(machine),
              inherited(wiring.console_far.get(), wiring.port_far.get(), image, overlay)},
             progress) {}

void RunningGuest::keep(std::string_view console) {
  if (!log_ || log_size_ >= kLongestLog) return;
  console = console.substr(0, kLongestLog - log_size_);
  write_all(log_.get(), console, log_name_);
  log_size_ += console.size();
}

RunningGuest::Heard RunningGuest::wait(std::chrono::milliseconds most) {
  std::array<pollfd, 4> wanted = {{{console_.get(), POLLIN, 0},
                                   {port_.get(), POLLIN, 0},
                                   {child_.output_descriptor(), POLLIN, 0},
                                   {child_.end_descriptor(), POLLIN, 0}}};
  ::poll(wanted.data(), wanted.size(), static_cast<int>(most.count()));
  Heard heard;
  // The status first: what QEMU sent before it ended is then certainly in the sockets.
  heard.ended = child_.status();
  drain(console_, heard.console);
  drain(port_, heard.port);
  qemu_output_ += child_.read_output();
  if (qemu_output_.size() > kMostQemuOutput) {
    qemu_output_.erase(0, qemu_output_.size() - kMostQemuOutput);
  }
  keep(heard.console);
  return heard;
}

void RunningGuest::say(std::string_view text) {
  while (port_ && !text.empty()) {
    const ssize_t n = ::send(port_.get(), text.data(), text.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}

}  // namespace composer::vm
