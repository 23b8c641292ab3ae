#include <array>
#include <catch2/catch.hpp>
#include <chrono>
#include <fcntl.h>
#include <filesystem>
#include <netinet/in.h>
#include <sys/socket.h>

#include "composer/base/file_descriptor.h"
#include "composer/boot/azure_stage.h"
#include "composer/boot/machine.h"
#include "composer/boot/running_guest.h"

#include "tests/support/scratch_folder.h"

using namespace composer;

namespace {

/// Length, Ethernet, ARP: 168.10.0.4, which is 00:0d:3a:10:20:30, asks for 168.10.0.2. The network
/// has no connection with an address that it does not know.
constexpr std::array<unsigned char, 46> kArp = {
    0x00, 0x00, 0x00, 0x2a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00, 0x0d, 0x3a, 0x10, 0x20, 0x30,
    0x08, 0x06, 0x00, 0x01, 0x08, 0x00, 0x06, 0x04, 0x00, 0x01, 0x00, 0x0d, 0x3a, 0x10, 0x20, 0x30,
    0xa8, 0x0a, 0x00, 0x04, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xa8, 0x0a, 0x00, 0x02};
/// What a guest sends that connects to IMDS: length, Ethernet from 00:0d:3a:10:20:30, IPv4 from
/// 168.10.0.4 to 169.254.169.254, TCP from port 40000 to 80 with SYN alone.
constexpr std::array<unsigned char, 58> kSyn = {
    0x00, 0x00, 0x00, 0x36, 0x52, 0x55, 0x00, 0x00, 0x00, 0x02, 0x00, 0x0d, 0x3a, 0x10, 0x20,
    0x30, 0x08, 0x00, 0x45, 0x00, 0x00, 0x28, 0x00, 0x01, 0x00, 0x00, 0x40, 0x06, 0x7e, 0xc4,
    0xa8, 0x0a, 0x00, 0x04, 0xa9, 0xfe, 0xa9, 0xfe, 0x9c, 0x40, 0x00, 0x50, 0x00, 0x00, 0x03,
    0xe8, 0x00, 0x00, 0x00, 0x00, 0x50, 0x02, 0xfd, 0xe8, 0x15, 0x76, 0x00, 0x00};

/// A listening socket of the loopback, and its port.
FileDescriptor listen_anywhere(int& port) {
  FileDescriptor listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  REQUIRE(::bind(listener.get(), generic, size) == 0);
  REQUIRE(::listen(listener.get(), 1) == 0);
  REQUIRE(::getsockname(listener.get(), generic, &size) == 0);
  port = ntohs(address.sin_port);
  return listener;
}

template <std::size_t N>
void say(const FileDescriptor& card, const std::array<unsigned char, N>& frame) {
  REQUIRE(::send(card.get(), frame.data(), N, MSG_NOSIGNAL) == static_cast<ssize_t>(N));
}

}  // namespace

// No guest runs: the test is the other end of its network card.
TEST_CASE("a guest's connection starts the relay under QEMU's confinement") {
  const test::ScratchFolder folder;
  const auto disk = folder.path() / "disk.raw";
  write_file_atomically(disk, std::string(1u << 20, '\0'));
  const FileDescriptor image = open_file(disk, O_RDONLY);
  int port = 0;
  const FileDescriptor listener = listen_anywhere(port);

  vm::Machine machine;
  machine.generation = vm::Generation::gen1;
  machine.accelerator = {"tcg", "tcg", "max", {}};
  machine.memory_mib = 64;
  machine.image = vm::recognise_file(image.get(), disk);
  machine.starts_programs = true;
  // The socket's path follows, so that touch makes a file of it.
  machine.extra = {"-netdev", vm::user_network({"/usr/bin/touch"}, folder.path(), 0, {}),
                   "-netdev", "socket,id=far,connect=127.0.0.1:" + std::to_string(port),
                   "-netdev", "hubport,id=a,hubid=0,netdev=net",
                   "-netdev", "hubport,id=b,hubid=0,netdev=far"};
  SilentProgress silent;
  vm::RunningGuest guest(machine, image.get(), -1, {}, silent);
  const FileDescriptor card(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  const auto started = folder.path() / "imds";
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!std::filesystem::exists(started) && std::chrono::steady_clock::now() < until) {
    // As a guest would, again and again: QEMU drops what comes before its machine runs.
    say(card, kArp);
    say(card, kSyn);
    REQUIRE_FALSE(guest.wait(std::chrono::milliseconds(100)).ended);
  }
  INFO(guest.qemu_output());
  CHECK(std::filesystem::exists(started));
  guest.end();
}
