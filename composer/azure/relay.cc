#include "composer/azure/relay.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "composer/base/file_descriptor.h"

namespace composer::azure {
namespace {

using Clock = std::chrono::steady_clock;

/// Longer than the server keeps a connection.
constexpr std::chrono::minutes kLongest{3};

/// Moves what there is; false at the end of `from` or when `to` takes nothing more.
bool move_some(int from, int to) {
  std::array<char, 16384> buffer{};
  const ssize_t n = ::read(from, buffer.data(), buffer.size());
  if (n < 0) return errno == EINTR || errno == EAGAIN;
  if (n == 0) return false;
  std::size_t done = 0;
  while (done < static_cast<std::size_t>(n)) {
    const ssize_t written = ::write(to, buffer.data() + done, static_cast<std::size_t>(n) - done);
    if (written > 0) {
      done += static_cast<std::size_t>(written);
    } else if (errno == EAGAIN) {
      pollfd wanted = {to, POLLOUT, 0};
      if (::poll(&wanted, 1, 30'000) <= 0) return false;
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

}  // namespace

int relay(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string text = path.string();
  if (text.size() >= sizeof address.sun_path) return 1;
  std::memcpy(address.sun_path, text.data(), text.size());
  // Without waiting: a full queue refuses at once, so that a guest cannot make us pile up.
  const FileDescriptor server(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!server ||
      ::connect(server.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return 1;
  }
  const auto end = Clock::now() + kLongest;
  bool guest_open = true;
  while (Clock::now() < end) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now());
    std::array<pollfd, 2> wanted = {
        {{guest_open ? STDIN_FILENO : -1, POLLIN, 0}, {server.get(), POLLIN, 0}}};
    if (::poll(wanted.data(), wanted.size(), static_cast<int>(left.count())) < 0) continue;
    if (wanted[1].revents != 0 && !move_some(server.get(), STDOUT_FILENO)) return 0;
    if (wanted[0].revents != 0 && !move_some(STDIN_FILENO, server.get())) {
      guest_open = false;
      ::shutdown(server.get(), SHUT_WR);
    }
  }
  return 0;
}

}  // namespace composer::azure
