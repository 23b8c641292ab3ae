#include <array>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdint>
#include <fcntl.h>
#include <filesystem>
#include <netinet/in.h>
#include <optional>
#include <string>
#include <string_view>
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
const std::string kArp(
    "\x00\x00\x00\x2a\xff\xff\xff\xff\xff\xff\x00\x0d\x3a\x10\x20\x30"
    "\x08\x06\x00\x01\x08\x00\x06\x04\x00\x01\x00\x0d\x3a\x10\x20\x30"
    "\xa8\x0a\x00\x04\x00\x00\x00\x00\x00\x00\xa8\x0a\x00\x02",
    46);

/// Big-endian, as everything on a network.
std::string number(std::uint32_t value, int bytes) {
  std::string text;
  while (bytes-- > 0) text += static_cast<char>(value >> (8 * bytes) & 0xff);
  return text;
}

/// The Internet checksum (RFC 1071) of an even number of bytes.
std::string checksum(std::string_view bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) {
    sum += static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i])) << 8 |
           static_cast<unsigned char>(bytes[i + 1]);
  }
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return number(~sum, 2);
}

constexpr int kSyn = 0x02, kAck = 0x10;

/// What a guest sends that connects to IMDS: length, Ethernet, IPv4 from 168.10.0.4 to
/// 169.254.169.254, TCP from port 40000 to 80 without content.
std::string segment(std::uint32_t sequence, std::uint32_t acknowledged, int flags) {
  const std::string addresses("\xa8\x0a\x00\x04\xa9\xfe\xa9\xfe", 8);
  const std::string before = number(40000, 2) + number(80, 2) + number(sequence, 4) +
                             number(acknowledged, 4) + number(0x50, 1) +
                             number(static_cast<std::uint32_t>(flags), 1) + number(65000, 2);
  const std::string sum =
      checksum(before + number(0, 4) + addresses + number(6, 2) + number(20, 2));
  const std::string head =
      number(0x4500, 2) + number(40, 2) + number(0x10000, 4) + number(0x4006, 2);
  const std::string frame =
      std::string("\x52\x55\x00\x00\x00\x02\x00\x0d\x3a\x10\x20\x30\x08\x00", 14) + head +
      checksum(head + addresses) + addresses + before + sum + number(0, 2);
  return number(static_cast<std::uint32_t>(frame.size()), 4) + frame;
}

/// The number of the network's SYN with ACK, if it is in what came from the network.
std::optional<std::uint32_t> answered(std::string_view came) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(came[i]); };
  while (came.size() > 4) {
    const std::size_t size = 4u + (at(2) << 8 | at(3));
    if (came.size() < size) break;
    // Ethernet 14, IPv4 20; flags are TCP's byte 13.
    if (size >= 4 + 54 && at(4 + 12) == 8 && at(4 + 13) == 0 && at(4 + 47) == (kSyn | kAck)) {
      return std::uint32_t{at(42)} << 24 | std::uint32_t{at(43)} << 16 |
             std::uint32_t{at(44)} << 8 | at(45);
    }
    came.remove_prefix(size);
  }
  return std::nullopt;
}

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

void say(const FileDescriptor& card, std::string_view frame) {
  REQUIRE(::send(card.get(), frame.data(), frame.size(), MSG_NOSIGNAL) ==
          static_cast<ssize_t>(frame.size()));
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
  std::string came;
  const auto started = folder.path() / "imds";
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!std::filesystem::exists(started) && std::chrono::steady_clock::now() < until) {
    // As a guest would, again and again: QEMU drops what comes before its machine runs. The program
    // is started when the connection is made.
    say(card, kArp);
    say(card, segment(1000, 0, kSyn));
    std::array<char, 65536> buffer{};
    const ssize_t n = ::recv(card.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (n > 0) came.append(buffer.data(), static_cast<std::size_t>(n));
    if (const auto theirs = answered(came)) say(card, segment(1001, *theirs + 1, kAck));
    REQUIRE_FALSE(guest.wait(std::chrono::milliseconds(100)).ended);
  }
  INFO(guest.qemu_output());
  CHECK(std::filesystem::exists(started));
  guest.end();
}
