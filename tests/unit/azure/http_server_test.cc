#include "composer/azure/http_server.h"

#include <array>
#include <catch2/catch.hpp>
#include <cstring>
#include <mutex>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "composer/azure/relay.h"
#include "composer/error.h"

#include "tests/support/scratch_folder.h"

using namespace composer::azure;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

composer::FileDescriptor connect_to(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  composer::FileDescriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  REQUIRE(::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) ==
          0);
  return socket;
}

void send_all(int socket, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::send(socket, text.data(), text.size(), MSG_NOSIGNAL);
    if (n <= 0) return;  // The server cut it off, which is for the test to see.
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}

/// Until the server closes, or the text ends in `last`.
std::string receive(int socket, std::string_view last = {}) {
  std::string text;
  std::array<char, 4096> buffer{};
  while (last.empty() || !text.ends_with(last)) {
    pollfd wanted = {socket, POLLIN, 0};
    if (::poll(&wanted, 1, 20'000) <= 0) return text + " (silence)";
    const ssize_t n = ::recv(socket, buffer.data(), buffer.size(), 0);
    if (n <= 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(n));
  }
  return text;
}

/// A server that answers with what it was asked.
struct Scene {
  composer::test::ScratchFolder folder;
  std::mutex mutex;
  std::vector<Request> seen;
  std::unique_ptr<HttpServer> server;

  Scene() {
    std::vector<HttpServer::Door> doors;
    doors.push_back(
        {listen_on(socket()), [this](const Request& request) {
           const std::lock_guard lock(mutex);
           seen.push_back(request);
           return Answer{200, "text/plain", request.method + " " + request.path + ".", {}};
         }});
    server = std::make_unique<HttpServer>(std::move(doors));
  }
  std::filesystem::path socket() const { return folder.path() / "socket"; }
  std::string ask(std::string_view text) const {
    const auto connection = connect_to(socket());
    send_all(connection.get(), text);
    return receive(connection.get());
  }
};

}  // namespace

TEST_CASE("a request comes through with its query, headers and body") {
  Scene scene;
  const std::string answer = scene.ask(
      "POST /machine?comp=health&x=a%20b HTTP/1.1\r\nHost: h\r\nX-MS-Version: 1\r\n"
      "Content-Length: 4\r\nConnection: close\r\n\r\nbody");
  CHECK_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  CHECK_THAT(answer, Contains("POST /machine."));
  REQUIRE(scene.seen.size() == 1);
  CHECK(scene.seen[0].parameter("comp") == "health");
  CHECK(scene.seen[0].parameter("x") == "a b");
  CHECK(scene.seen[0].header("x-ms-version") == "1");
  CHECK(scene.seen[0].body == "body");
}

TEST_CASE("a connection serves several requests") {
  Scene scene;
  const auto connection = connect_to(scene.socket());
  for (const char* path : {"/a", "/b", "/c"}) {
    send_all(connection.get(), std::string("GET ") + path + " HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK_THAT(receive(connection.get(), "."), Contains(std::string("GET ") + path));
  }
}

TEST_CASE("bodies that are too large, or packed, are not read") {
  Scene scene;
  CHECK_THAT(scene.ask("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999\r\n\r\n"),
             StartsWith("HTTP/1.1 413"));
  CHECK_THAT(scene.ask("POST /a HTTP/1.1\r\nHost: h\r\nContent-Encoding: gzip\r\n"
                       "Content-Length: 4\r\n\r\nabcd"),
             StartsWith("HTTP/1.1 415"));
  CHECK_THAT(scene.ask("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n"),
             StartsWith("HTTP/1.1 400"));
  CHECK(scene.seen.empty());
}

TEST_CASE("headers without end are cut off") {
  Scene scene;
  const auto connection = connect_to(scene.socket());
  send_all(connection.get(), "GET /a HTTP/1.1\r\n");
  const std::string header = "X-Header: " + std::string(4000, 'x') + "\r\n";
  for (int i = 0; i < 1200; ++i) send_all(connection.get(), header);
  receive(connection.get());
  CHECK(scene.seen.empty());
}

TEST_CASE("what is not HTTP is refused") {
  Scene scene;
  const std::string answer = scene.ask(std::string("\x16\x03\x01 hello\r\n\r\n"));
  CHECK_THAT(answer, StartsWith("HTTP/1.1 400"));
  CHECK(scene.seen.empty());
}

TEST_CASE("more connections than a guest needs are closed, and the server lives on") {
  Scene scene;
  std::vector<composer::FileDescriptor> idle;
  for (int i = 0; i < 32; ++i) {
    idle.push_back(connect_to(scene.socket()));
    send_all(idle.back().get(), "GET /idle HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK_THAT(receive(idle.back().get(), "."), Contains("GET /idle"));
  }
  const auto refused = connect_to(scene.socket());
  CHECK(receive(refused.get()).empty());
  idle.clear();
  // Their threads end in their own time.
  std::string answer;
  for (int i = 0; i < 200 && answer.find("GET /late") == std::string::npos; ++i) {
    ::poll(nullptr, 0, 20);
    answer = scene.ask("GET /late HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  }
  CHECK_THAT(answer, Contains("GET /late"));
}

TEST_CASE("a server that ends cuts its guests off") {
  Scene scene;
  const auto connection = connect_to(scene.socket());
  send_all(connection.get(), "GET /a HTTP/1.1\r\n");
  scene.server.reset();
  CHECK_THAT(receive(connection.get()), !Contains("(silence)"));
}

TEST_CASE("a relay carries a connection both ways") {
  Scene scene;
  std::array<int, 2> ends{};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
  composer::FileDescriptor ours(ends[0]), theirs(ends[1]);
  const std::string path = scene.socket().string();
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(theirs.get(), 0);
    ::dup2(theirs.get(), 1);
    ours.reset();
    theirs.reset();
    ::_exit(relay(path));
  }
  theirs.reset();
  send_all(ours.get(), "GET /through HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  CHECK_THAT(receive(ours.get()), Contains("GET /through."));
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
}

TEST_CASE("a relay to nowhere says so") {
  CHECK(relay("/nonexistent/socket") == 1);
  CHECK(relay(std::string(200, 'x')) == 1);
}

TEST_CASE("a socket's path has a limit") {
  try {
    listen_on(std::filesystem::path("/tmp/" + std::string(120, 'x')));
    FAIL("no error");
  } catch (const composer::Error& error) {
    CHECK_THAT(error.what(), Contains("its path is longer than 107 bytes"));
  }
}
