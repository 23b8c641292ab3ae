#include <arpa/inet.h>
#include <catch2/catch.hpp>
#include <csignal>
#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "composer/base/file_descriptor.h"
#include "composer/error.h"
#include "composer/mount/namespaces.h"

#include "tests/support/host_usr_root.h"

// What scripts of a blueprint get beside what every contained command gets: their text as a
// program, a network if asked for, and a listener to each line.

using namespace composer;
using namespace composer::mount;

namespace {

RootCommand script(const std::string& text, RootNetwork network = RootNetwork::none) {
  RootCommand command{{std::string(kRootProgram)}};
  command.program = "#!/usr/bin/bash\n" + text;
  command.network = network;
  return command;
}

std::string content_of(const std::filesystem::path& path) {
  std::ifstream stream(path);
  return {std::istreambuf_iterator<char>(stream), {}};
}

/// A listener on the loopback of this network namespace.
struct Listener {
  FileDescriptor fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  int port = 0;

  Listener() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::listen(fd.get(), 4) == 0);
    socklen_t size = sizeof address;
    REQUIRE(::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port = ntohs(address.sin_port);
  }
};

}  // namespace

TEST_CASE("a script runs from memory and is not in the root afterwards") {
  const test::HostUsrRoot root;
  const RootCommandResult result = run_contained(root.path(), script("echo $0; exit 4"));
  CHECK(result.status == 4);
  CHECK(result.standard_output == "/run/image-composer-script\n");
  CHECK(std::filesystem::is_empty(root.path() / "run"));
}

TEST_CASE("each line of a script is heard, of both streams in their order") {
  const test::HostUsrRoot root;
  RootCommand command = script("echo one; echo two >&2; echo; printf three");
  std::vector<std::string> lines;
  command.on_line = [&](std::string_view line) { lines.emplace_back(line); };
  const RootCommandResult result = run_contained(root.path(), command);
  CHECK(lines == std::vector<std::string>{"one", "two", "", "three"});
  CHECK(result.standard_output == "one\ntwo\n\nthree");
  CHECK(result.standard_error.empty());
}

TEST_CASE("a script has a network only when it was given one") {
  const test::HostUsrRoot root;
  const Listener listener;
  const std::string text = fmt::format("exec 3<>/dev/tcp/127.0.0.1/{}", listener.port);
  CHECK(run_contained(root.path(), script(text)).status != 0);
  CHECK(run_contained(root.path(), script(text, RootNetwork::host)).status == 0);
}

TEST_CASE("a network does not bring the rights to change it") {
  const test::HostUsrRoot root;
  CHECK(run_contained(root.path(), script("ip link set lo down", RootNetwork::host)).status != 0);
  CHECK(run_contained(root.path(),
                      script("echo 1 > /proc/sys/net/ipv4/ip_forward", RootNetwork::host))
            .status != 0);
  const RootCommandResult caps =
      run_contained(root.path(), script("grep CapEff /proc/self/status", RootNetwork::host));
  CHECK(caps.standard_output == "CapEff:\t00000000a80400fb\n");
}

TEST_CASE("names are asked for as the host does, and nothing of that stays in the root") {
  const std::string ours = content_of("/etc/resolv.conf");
  const auto shown = [&](const test::HostUsrRoot& root) {
    const RootCommandResult result = run_contained(
        root.path(), script("cat /etc/resolv.conf; rm -f /etc/resolv.conf 2>/dev/null; "
                            "(echo x > /etc/resolv.conf) 2>/dev/null; mv /etc/resolv.conf /etc/x "
                            "2>/dev/null; true",
                            RootNetwork::host));
    INFO(result.standard_error);
    CHECK(result.status == 0);
    return result.standard_output;
  };
  SECTION("where there was nothing") {
    const test::HostUsrRoot root;
    std::filesystem::create_directories(root.path() / "etc");
    CHECK(shown(root) == ours);
    CHECK_FALSE(
        std::filesystem::exists(std::filesystem::symlink_status(root.path() / "etc/resolv.conf")));
  }
  SECTION("where there was a file") {
    const test::HostUsrRoot root;
    std::filesystem::create_directories(root.path() / "etc");
    std::ofstream(root.path() / "etc/resolv.conf") << "nameserver 192.0.2.1\n";
    CHECK(shown(root) == ours);
    CHECK(content_of(root.path() / "etc/resolv.conf") == "nameserver 192.0.2.1\n");
  }
  SECTION("where there was a link to what systemd-resolved makes") {
    const test::HostUsrRoot root;
    std::filesystem::create_directories(root.path() / "etc");
    std::filesystem::create_symlink("../run/systemd/resolve/stub-resolv.conf",
                                    root.path() / "etc/resolv.conf");
    CHECK(shown(root) == ours);
    CHECK(std::filesystem::read_symlink(root.path() / "etc/resolv.conf") ==
          "../run/systemd/resolve/stub-resolv.conf");
  }
  SECTION("where the script moves /etc") {
    const test::HostUsrRoot root;
    std::filesystem::create_directories(root.path() / "etc");
    run_contained(root.path(), script("mv /etc /elsewhere && mkdir /etc", RootNetwork::host));
    CHECK_FALSE(std::filesystem::exists(root.path() / "elsewhere/resolv.conf"));
    CHECK_FALSE(std::filesystem::exists(root.path() / "etc/resolv.conf"));
  }
}

TEST_CASE("a link in place of /etc is no way out") {
  const test::HostUsrRoot root;
  std::filesystem::remove_all(root.path() / "etc");
  std::filesystem::create_symlink("/var", root.path() / "etc");
  CHECK_THROWS_WITH(run_contained(root.path(), script("true", RootNetwork::host)),
                    Catch::Matchers::StartsWith("cannot mount on '/etc' in the root: "));
}
