#include "composer/azure/http_server.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <httplib.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "composer/error.h"

namespace composer::azure {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMostConnections = 32;
constexpr int kBacklog = 16;
constexpr std::size_t kLargestBody = 4u << 20;
/// Of the request's line and headers, which the library does not count.
constexpr std::size_t kLargestHead = 64u << 10;
/// What frames a body that comes in chunks.
constexpr std::size_t kLargestFraming = 64u << 10;
constexpr std::chrono::seconds kLongestConnection{120};
/// An emulated guest on a busy machine may take long between two bytes.
constexpr std::chrono::seconds kLongestSilence{30};

int milliseconds_until(Clock::time_point end) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now());
  return static_cast<int>(std::max<std::int64_t>(left.count(), 0));
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

/// The library's view of a connected socket of any family, with our limits.
class LimitedStream final : public httplib::Stream {
 public:
  explicit LimitedStream(int socket) : socket_(socket), end_(Clock::now() + kLongestConnection) {}

  /// Waits for a further request. False when there will be none.
  bool next_request() {
    allowed_ = kLargestHead;
    return from_ < to_ || wait(POLLIN);
  }

  /// Its head was read.
  void expect_body() { allowed_ = kLargestBody + kLargestFraming; }

  bool is_readable() const override { return from_ < to_ || wait(POLLIN); }
  bool is_writable() const override { return wait(POLLOUT); }

  ssize_t read(char* into, std::size_t size) override {
    if (from_ == to_) {
      if (!wait(POLLIN)) return -1;
      const ssize_t n = ::recv(socket_, buffer_.data(), buffer_.size(), 0);
      if (n <= 0) return n;
      from_ = 0;
      to_ = static_cast<std::size_t>(n);
    }
    const std::size_t taken = std::min(size, to_ - from_);
    if (taken > allowed_) return -1;
    allowed_ -= taken;
    std::memcpy(into, buffer_.data() + from_, taken);
    from_ += taken;
    return static_cast<ssize_t>(taken);
  }

  ssize_t write(const char* bytes, std::size_t size) override {
    if (!wait(POLLOUT)) return -1;
    return ::send(socket_, bytes, size, MSG_NOSIGNAL);
  }

  void get_remote_ip_and_port(std::string& ip, int& port) const override {
    ip = "guest";
    port = 0;
  }
  void get_local_ip_and_port(std::string& ip, int& port) const override {
    ip = "host";
    port = 0;
  }
  socket_t socket() const override { return socket_; }

 private:
  bool wait(short events) const {
    pollfd wanted = {socket_, events, 0};
    const auto until = std::min(end_, Clock::now() + kLongestSilence);
    int ready = 0;
    do {
      ready = ::poll(&wanted, 1, milliseconds_until(until));
    } while (ready < 0 && errno == EINTR);
    return ready > 0;
  }

  int socket_;
  Clock::time_point end_;
  std::size_t allowed_ = kLargestHead;
  std::array<char, 4096> buffer_{};
  std::size_t from_ = 0, to_ = 0;
};

}  // namespace

/// The library parses requests and writes answers; connections are ours.
class HttpServer::Protocol final : public httplib::Server {
 public:
  explicit Protocol(HttpServer::Handler handler) : handler_(std::move(handler)) {
    set_payload_max_length(kLargestBody);
    set_pre_routing_handler([](const httplib::Request& request, httplib::Response& response) {
      const int status = refusal(request);
      if (status == 0) return HandlerResponse::Unhandled;
      response.status = status;
      response.set_header("Connection", "close");
      return HandlerResponse::Handled;
    });
    const auto serve = [this](const httplib::Request& from, httplib::Response& to) {
      answer(from, to);
    };
    Get(".*", serve).Post(".*", serve).Put(".*", serve).Delete(".*", serve);
  }

  void converse(int socket) {
    LimitedStream stream(socket);
    bool closed = false;
    while (!closed && stream.next_request()) {
      bool understood = false;
      const bool answered =
          process_request(stream, false, closed, [&](const httplib::Request& request) {
            understood = refusal(request) == 0;
            stream.expect_body();
          });
      // What follows a head that is none, or is too long, is no further request; what is left of a
      // refused one is its body, which nobody reads.
      if (!answered || !understood) return;
    }
  }

 private:
  /// The status that a request is refused with before its body is read; 0: it is not.
  static int refusal(const httplib::Request& request) {
    // The library would unpack a body to any size, and read what is too long to its end.
    if (request.has_header("Content-Encoding")) return 415;
    const std::string length = request.get_header_value("Content-Length");
    std::uint64_t size = 0;
    const auto [end, error] = std::from_chars(length.data(), length.data() + length.size(), size);
    if (length.empty()) return 0;
    if (error != std::errc() || end != length.data() + length.size()) return 400;
    return size > kLargestBody ? 413 : 0;
  }

  void answer(const httplib::Request& from, httplib::Response& to) const {
    Request request{from.method, from.path, {}, {}, from.body};
    for (const auto& [key, value] : from.params) request.query.emplace(key, value);
    for (const auto& [name, value] : from.headers) request.headers.emplace(lower(name), value);
    const Answer answer = handler_(request);
    to.status = answer.status;
    for (const auto& [name, value] : answer.headers) to.set_header(name, value);
    to.set_content(answer.body, answer.content_type);
  }

  HttpServer::Handler handler_;
};

FileDescriptor listen_on(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string text = path.string();
  if (text.size() >= sizeof address.sun_path) {
    throw Error(ErrorKind::host,
                fmt::format("cannot make the socket '{}': its path is longer than {} bytes", text,
                            sizeof address.sun_path - 1),
                "set TMPDIR to a folder with a shorter path");
  }
  std::memcpy(address.sun_path, text.data(), text.size());
  FileDescriptor listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!listener ||
      ::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::chmod(text.c_str(), 0600) != 0 || ::listen(listener.get(), kBacklog) != 0) {
    throw system_error(fmt::format("cannot make the socket '{}'", text), errno);
  }
  return listener;
}

FileDescriptor listen_on(std::string_view address, int port) {
  sockaddr_in place{};
  place.sin_family = AF_INET;
  place.sin_port = htons(static_cast<std::uint16_t>(port));
  const std::string text(address);
  const int yes = 1;
  FileDescriptor listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (::inet_pton(AF_INET, text.c_str(), &place.sin_addr) != 1 || !listener ||
      ::setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
      ::bind(listener.get(), reinterpret_cast<const sockaddr*>(&place), sizeof place) != 0 ||
      ::listen(listener.get(), kBacklog) != 0) {
    throw system_error(fmt::format("cannot listen on {}:{}", text, port), errno);
  }
  return listener;
}

HttpServer::HttpServer(std::vector<Door> doors) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw system_error("cannot make a pipe", errno);
  stop_far_ = FileDescriptor(ends[0]);
  stop_ = FileDescriptor(ends[1]);
  for (Door& door : doors) {
    listeners_.push_back(std::move(door.listener));
    protocols_.push_back(std::make_unique<Protocol>(std::move(door.handler)));
  }
  // Signals are for the main thread: an interrupt must wake it, not us. Threads inherit the mask.
  sigset_t all, before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  acceptor_ = std::thread([this] { accept_connections(); });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

HttpServer::~HttpServer() {
  stop_.reset();
  acceptor_.join();
}

void HttpServer::welcome(FileDescriptor socket, Protocol& protocol) {
  std::erase_if(connections_, [](Connection& connection) {
    if (!connection.over) return false;
    connection.thread.join();
    return true;
  });
  if (connections_.size() >= kMostConnections) return;
  Connection& connection = connections_.emplace_back();
  connection.socket = std::move(socket);
  connection.thread = std::thread([&connection, &protocol] {
    protocol.converse(connection.socket.get());
    ::shutdown(connection.socket.get(), SHUT_RDWR);
    connection.over = true;
  });
}

void HttpServer::accept_connections() {
  std::vector<pollfd> wanted;
  for (const FileDescriptor& listener : listeners_) wanted.push_back({listener.get(), POLLIN, 0});
  wanted.push_back({stop_far_.get(), POLLIN, 0});
  while (wanted.back().revents == 0) {
    if (::poll(wanted.data(), wanted.size(), -1) < 0) continue;
    for (std::size_t i = 0; i < listeners_.size(); ++i) {
      if (wanted[i].revents == 0) continue;
      FileDescriptor socket(::accept4(listeners_[i].get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (socket) welcome(std::move(socket), *protocols_[i]);
    }
  }
  for (Connection& connection : connections_) {
    ::shutdown(connection.socket.get(), SHUT_RDWR);
    connection.thread.join();
  }
  connections_.clear();
}

}  // namespace composer::azure
