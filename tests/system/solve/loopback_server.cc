#include "loopback_server.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cctype>
#include <fmt/format.h>
#include <fstream>
#include <netinet/in.h>
#include <poll.h>
#include <sstream>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

namespace composer::solve::test {
namespace {

/// A bound socket and its port.
std::pair<int, int> bound_socket() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (fd < 0 || ::bind(fd, generic, size) != 0 || ::getsockname(fd, generic, &size) != 0) {
    throw std::runtime_error("cannot bind a loopback socket");
  }
  return {fd, ntohs(address.sin_port)};
}

Request read_request(int connection) {
  std::string text;
  char buffer[4096];
  while (text.find("\r\n\r\n") == std::string::npos) {
    const ssize_t n = ::recv(connection, buffer, sizeof buffer, 0);
    if (n <= 0) break;
    text.append(buffer, static_cast<std::size_t>(n));
  }
  Request request;
  std::istringstream lines(text);
  std::string method;
  lines >> method >> request.path;
  for (std::string line; std::getline(lines, line);) {
    if (line.ends_with('\r')) line.pop_back();
    const auto colon = line.find(": ");
    if (colon == std::string::npos) continue;
    std::string name = line.substr(0, colon);
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    request.headers[name] = line.substr(colon + 2);
  }
  return request;
}

}  // namespace

LoopbackServer::LoopbackServer(std::function<Reply(const Request&)> answer)
    : answer_(std::move(answer)) {
  std::tie(listener_, port_) = bound_socket();
  if (::listen(listener_, 32) != 0) throw std::runtime_error("cannot listen");
  thread_ = std::thread([this] { serve(); });
}

LoopbackServer::~LoopbackServer() {
  stop_ = true;
  thread_.join();
  ::close(listener_);
}

std::string LoopbackServer::url(const std::string& path) const {
  return fmt::format("http://127.0.0.1:{}{}", port_, path);
}

std::vector<Request> LoopbackServer::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

void LoopbackServer::serve() {
  while (!stop_) {
    pollfd wanted{listener_, POLLIN, 0};
    if (::poll(&wanted, 1, 20) <= 0) continue;
    const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) continue;
    reply_to(connection);
    ::close(connection);
  }
}

void LoopbackServer::reply_to(int connection) {
  const Request request = read_request(connection);
  {
    const std::lock_guard lock(mutex_);
    requests_.push_back(request);
  }
  Reply reply = answer_(request);
  const auto range = request.headers.find("range");
  if (reply.ranges && range != request.headers.end() && reply.status == 200) {
    const std::size_t whole = reply.body.size();
    const std::size_t from = std::stoul(range->second.substr(range->second.find('=') + 1));
    if (from >= whole) {
      reply.status = 416;
      reply.body.clear();
    } else {
      reply.status = 206;
      reply.body.erase(0, from);
      reply.headers["Content-Range"] = fmt::format("bytes {}-{}/{}", from, whole - 1, whole);
    }
  }
  std::string head = fmt::format("HTTP/1.1 {} X\r\nContent-Length: {}\r\nConnection: close\r\n",
                                 reply.status, reply.body.size());
  for (const auto& [name, value] : reply.headers) head += fmt::format("{}: {}\r\n", name, value);
  const std::string bytes = head + "\r\n" + reply.body.substr(0, reply.cut_after);
  for (std::size_t sent = 0; sent < bytes.size();) {
    const ssize_t n = ::send(connection, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (n <= 0) return;
    sent += static_cast<std::size_t>(n);
  }
}

int closed_port() {
  // Bound once, so that no other socket has it, and closed without ever listening.
  const auto [fd, port] = bound_socket();
  ::close(fd);
  return port;
}

std::function<Reply(const Request&)> files_of(const std::string& folder) {
  return [folder](const Request& request) {
    std::ifstream file(folder + request.path, std::ios::binary);
    if (!file) return Reply{.status = 404};
    std::ostringstream content;
    content << file.rdbuf();
    return Reply{.body = content.str(), .ranges = true};
  };
}

}  // namespace composer::solve::test
