#include "composer/host/child_process.h"

#include <array>
#include <catch2/catch.hpp>
#include <csignal>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "composer/error.h"

using namespace composer;
using namespace composer::host;

namespace {

ChildProcess shell(const std::string& script, std::vector<int> descriptors = {}) {
  static SilentProgress progress;
  return ChildProcess({{"sh", "-c", script}, std::move(descriptors)}, progress);
}

int wait_for(ChildProcess& child) {
  pollfd wanted = {child.end_descriptor(), POLLIN, 0};
  REQUIRE(::poll(&wanted, 1, 20000) == 1);
  return child.status().value();
}

}  // namespace

TEST_CASE("a child's status and output come back") {
  ChildProcess child = shell("echo out; echo err >&2; exit 7");
  CHECK(wait_for(child) == 7);
  CHECK(child.read_output() == "out\nerr\n");
  CHECK(child.status() == 7);
}

TEST_CASE("a child has the descriptors that it was given, as 3, 4 …, and no other") {
  std::array<int, 2> a{}, b{};
  REQUIRE(::pipe(a.data()) == 0);  // Without close-on-exec: a careless library's.
  REQUIRE(::pipe(b.data()) == 0);
  ChildProcess child =
      shell("echo three >&3; echo four >&4; ls /proc/self/fd | tr '\\n' ' '", {b[1], a[1]});
  CHECK(wait_for(child) == 0);
  std::array<char, 16> text{};
  CHECK(std::string(text.data(), static_cast<std::size_t>(::read(b[0], text.data(), 16))) ==
        "three\n");
  CHECK(std::string(text.data(), static_cast<std::size_t>(::read(a[0], text.data(), 16))) ==
        "four\n");
  // 5 is ls's own, on the folder.
  CHECK(child.read_output() == "0 1 2 3 4 5 ");
  for (const int fd : {a[0], a[1], b[0], b[1]}) ::close(fd);
}

TEST_CASE("a child that ignores SIGTERM is ended all the same") {
  ChildProcess child = shell("trap '' TERM; echo ready; while :; do sleep 1; done");
  pollfd wanted = {child.output_descriptor(), POLLIN, 0};
  REQUIRE(::poll(&wanted, 1, 20000) == 1);
  CHECK_FALSE(child.status());
  CHECK(child.end(std::chrono::milliseconds(50)) == 128 + SIGKILL);
}

TEST_CASE("a child ends with the object that stands for it") {
  pid_t id = 0;
  {
    ChildProcess child = shell("exec sleep 600");
    id = child.id();
    CHECK(::kill(id, 0) == 0);
  }
  CHECK(::kill(id, 0) != 0);
}

TEST_CASE("a child ends with the process that started it") {
  std::array<int, 2> said{};
  REQUIRE(::pipe(said.data()) == 0);
  const pid_t middle = ::fork();
  if (middle == 0) {
    ChildProcess child = shell("exec sleep 600");
    const pid_t id = child.id();
    [[maybe_unused]] const auto n = ::write(said[1], &id, sizeof id);
    ::kill(::getpid(), SIGKILL);
  }
  pid_t id = 0;
  REQUIRE(::read(said[0], &id, sizeof id) == sizeof id);
  REQUIRE(::waitpid(middle, nullptr, 0) == middle);
  // It is somebody else's child now, who may take a moment to collect it: dead is enough.
  const auto gone = [&] {
    if (::kill(id, 0) != 0) return true;
    std::array<char, 256> text{};
    FILE* file = ::fopen(("/proc/" + std::to_string(id) + "/stat").c_str(), "r");
    if (!file) return true;
    const std::size_t n = ::fread(text.data(), 1, text.size(), file);
    ::fclose(file);
    return std::string(text.data(), n).find(") Z ") != std::string::npos;
  };
  bool ended = false;
  for (int i = 0; i < 2000 && !ended; ++i) {
    ended = gone();
    if (!ended) ::poll(nullptr, 0, 10);
  }
  CHECK(ended);
  ::close(said[0]);
  ::close(said[1]);
}

TEST_CASE("a program that is not there is the host's fault") {
  SilentProgress progress;
  try {
    ChildProcess child({{"no-such-program-here"}, {}}, progress);
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::host);
    CHECK(std::string(error.what()) == "cannot find 'no-such-program-here'");
  }
}

TEST_CASE("a program that cannot start says why") {
  SilentProgress progress;
  CHECK_THROWS_WITH(ChildProcess({{"/etc"}, {}}, progress),
                    Catch::Contains("cannot start '/etc': Permission denied"));
}
