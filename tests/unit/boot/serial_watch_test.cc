#include "composer/boot/serial_watch.h"

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <string>
#include <vector>

#include "composer/base/file_descriptor.h"

using namespace composer;
using namespace composer::vm;

namespace {

std::vector<std::string> lines_of(std::string_view bytes, std::size_t piece) {
  ConsoleLines console;
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    console.feed(bytes.substr(at, piece), [&](std::string_view line) { lines.emplace_back(line); });
  }
  return lines;
}

struct Seen {
  std::vector<std::string> fatal, errors, notices;
  bool login = false;
};

/// What a recorded console amounts to.
Seen watch(const std::string& name) {
  const std::string bytes = read_file(fmt::format("{}/data/serial/{}", COMPOSER_TEST_DATA, name));
  ConsoleLines console;
  Seen seen;
  const auto take = [&](const std::optional<ConsoleEvent>& event) {
    if (!event) return;
    if (event->severity == Severity::fatal) seen.fatal.push_back(event->finding);
    if (event->severity == Severity::error) seen.errors.push_back(event->finding);
    if (event->severity == Severity::notice) seen.notices.push_back(event->finding);
  };
  for (const char& c : bytes) {
    console.feed({&c, 1}, [&](std::string_view line) { take(classify_line(line)); });
    const auto prompt = classify_prompt(console.partial());
    if (prompt && prompt->severity == Severity::fatal &&
        (seen.fatal.empty() || seen.fatal.back() != prompt->finding)) {
      take(prompt);
    }
    if (prompt && prompt->severity == Severity::sign) seen.login = true;
  }
  return seen;
}

}  // namespace

TEST_CASE("console lines come out whole however the bytes are cut") {
  const std::string bytes =
      "\x1b[2J\x1b[01;01HBdsDxe: x\r\nplain\n\x1b]0;title\a"
      "after\r"
      "over\x1b[Kwritten\r\n\x1b[1m\x1b[33mcolour\x1b[0m\n\x1b[07;01HPress\x1b[07;01HPress "
      "again\n\n   \na\bb\n";
  const std::vector<std::string> expected = {"BdsDxe: x", "plain", "after",       "overwritten",
                                             "colour",    "Press", "Press again", "b"};
  for (const std::size_t piece : {std::size_t{1}, std::size_t{3}, bytes.size()}) {
    CHECK(lines_of(bytes, piece) == expected);
  }
}

TEST_CASE("a console without line ends does not fill memory") {
  ConsoleLines console;
  std::size_t longest = 0;
  for (int i = 0; i < 100; ++i) {
    console.feed(std::string(1000, 'x'),
                 [&](std::string_view line) { longest = std::max(longest, line.size()); });
  }
  CHECK(longest == 512);
  CHECK(console.partial().size() <= 512);
}

TEST_CASE("a cursor that GRUB puts where it is does not cut a line") {
  // Recorded from GRUB 2.12 on a serial console.
  std::vector<std::string> lines;
  ConsoleLines console;
  console.feed("\x1b[0merror: no su\x1b[06;12H\x1b[06;13Hch device: b9d3.\x1b[01;01H\x1b[2JGNU\r\n",
               [&](std::string_view line) { lines.emplace_back(line); });
  CHECK(lines == std::vector<std::string>{"error: no such device: b9d3.", "GNU"});
}

TEST_CASE("an unfinished terminal sequence does not swallow the console") {
  CHECK(lines_of("\x1b[12\nKernel panic\n\x1b]never ended\nnext\n", 1) ==
        std::vector<std::string>{"Kernel panic", "next"});
}

TEST_CASE("ordinary lines mean nothing") {
  for (const char* line :
       {"[    1.234567] sd 2:0:0:0: [sda] Attached SCSI disk", "[  OK  ] Started sshd.service.",
        "[    0.4] ACPI: Added _OSI(Module Device)", "systemd[1]: Reached target basic.target.",
        "[    2.1] random: crng init done", "x BUG: y", "login: shell", "", "]"}) {
    INFO(line);
    CHECK_FALSE(classify_line(line));
    CHECK_FALSE(classify_prompt(line));
  }
}

TEST_CASE("the console's fatal lines") {
  const std::pair<std::string, std::string> lines[] = {
      {"No bootable device.", "the firmware found nothing to boot: 'No bootable device.'"},
      {"[    1.5] Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)",
       "the kernel cannot mount the root filesystem: 'Kernel panic - not syncing: VFS: Unable to "
       "mount root fs on unknown-block(0,0)'"},
      {"[   40.3] Kernel panic - not syncing: Fatal exception in interrupt",
       "kernel panic: 'Kernel panic - not syncing: Fatal exception in interrupt'"},
      {"[  190.1] dracut-initqueue[390]: Warning: /dev/disk/by-uuid/99 does not exist",
       "a device that the start needs is missing: 'dracut-initqueue[390]: Warning: "
       "/dev/disk/by-uuid/99 does not exist'"},
      {"You are in emergency mode. After logging in, type \"journalctl -xb\" to view",
       "the system is in emergency mode: 'You are in emergency mode. After logging in, type "
       "\"journalctl -xb\" to view'"},
      {"Cannot open access to console, the root account is locked.",
       "the system is in emergency mode: 'Cannot open access to console, the root account is "
       "locked.'"},
      {"error: you need to load the kernel first.",
       "the boot loader found no kernel: 'error: you need to load the kernel first.'"},
      {"ALERT!  /dev/sda1 does not exist", ""},
      {"Gave up waiting for root file system device.  Common problems:",
       "the initramfs did not find the root filesystem: 'Gave up waiting for root file system "
       "device.  Common problems:'"}};
  for (const auto& [line, finding] : lines) {
    const auto event = classify_line(line);
    REQUIRE(event);
    if (finding.empty()) {
      CHECK(event->severity == Severity::notice);
    } else {
      CHECK(event->severity == Severity::fatal);
      CHECK(event->finding == finding);
    }
  }
}

TEST_CASE("prompts count before their line ends") {
  CHECK(classify_prompt("grub> ")->severity == Severity::fatal);
  CHECK(classify_prompt("grub rescue> ")->finding == "the boot loader gave up: 'grub rescue> '");
  CHECK(classify_prompt("Shell> ")->phase == BootPhase::firmware);
  CHECK(classify_prompt("(initramfs) ")->phase == BootPhase::kernel);
  CHECK(classify_prompt("vm login: ")->severity == Severity::sign);
}

TEST_CASE("what a hostile console prints stays on one printable line") {
  const auto event =
      classify_line("Kernel panic - not syncing: \x01\x7f\xff" + std::string(600, 'A'));
  REQUIRE(event);
  CHECK(event->finding.size() < 260);
  CHECK(event->finding.find('\x01') == std::string::npos);
  CHECK(event->finding.find('\xff') == std::string::npos);
}

// Recorded with QEMU 7.2, SeaBIOS 1.16.2 and OVMF 2022.11 of Debian 12; guests are Debian 13 with
// GRUB 2.12, Linux 6.12, dracut 106 and systemd 257.

TEST_CASE("recorded: an empty disk under SeaBIOS") {
  CHECK(watch("empty-bios.log").fatal ==
        std::vector<std::string>{"the firmware found nothing to boot: 'No bootable device.'"});
}

TEST_CASE("recorded: an empty disk under OVMF") {
  const Seen seen = watch("empty-uefi.log");
  REQUIRE_FALSE(seen.fatal.empty());
  CHECK(seen.fatal[0] == "the firmware found nothing to boot: 'UEFI Interactive Shell v2.2'");
  CHECK(seen.notices == std::vector<std::string>{
                            "firmware: 'BdsDxe: failed to load Boot0001 \"UEFI QEMU QEMU HARDDISK "
                            "\" from PciRoot(0x0)/Pci(0x2,0x0)/Scsi(0x0,0x0): Not Found'"});
}

TEST_CASE("recorded: good boots show nothing wrong and a login prompt") {
  for (const char* name : {"good-uefi.log", "good-bios.log"}) {
    INFO(name);
    const Seen seen = watch(name);
    CHECK(seen.fatal.empty());
    CHECK(seen.errors.empty());
    CHECK(seen.login);
  }
}

TEST_CASE("recorded: the root filesystem has another UUID than GRUB looks for") {
  const Seen seen = watch("other-root-uuid.log");
  REQUIRE_FALSE(seen.fatal.empty());
  CHECK(seen.fatal[0].starts_with("the boot loader has nothing to start and shows its prompt: "));
  CHECK(seen.notices ==
        std::vector<std::string>{
            "boot loader: 'error: no such device: 841d43b2-0e05-8b30-bf25-9716b73d5f30.'"});
}

TEST_CASE("recorded: the kernel is not there") {
  const Seen seen = watch("no-kernel.log");
  REQUIRE_FALSE(seen.fatal.empty());
  CHECK(seen.fatal[0] ==
        "the boot loader found no kernel: 'error: you need to load the kernel first.'");
  REQUIRE_FALSE(seen.notices.empty());
  CHECK(seen.notices[0] ==
        "boot loader: 'error: file `/boot/vmlinuz-6.12.117+deb13-cloud-amd64' not found.'");
}

TEST_CASE("recorded: a kernel without its initramfs") {
  CHECK(watch("no-initramfs.log").fatal ==
        std::vector<std::string>{
            "the kernel cannot mount the root filesystem: 'Kernel panic - not syncing: VFS: Unable "
            "to mount root fs on unknown-block(0,0)'"});
}

TEST_CASE("recorded: dracut does not find the root filesystem") {
  const Seen seen = watch("missing-root.log");
  REQUIRE_FALSE(seen.fatal.empty());
  CHECK(seen.fatal[0] ==
        "a device that the start needs is missing: 'dracut-initqueue[348]: Warning: "
        "/dev/disk/by-uuid/00000000-0000-4000-8000-000000000001 does not exist'");
}

TEST_CASE("recorded: emergency mode, with the root account locked") {
  const Seen seen = watch("emergency.log");
  REQUIRE_FALSE(seen.fatal.empty());
  CHECK(seen.fatal[0].starts_with("the system is in emergency mode: 'You are in emergency mode."));
  CHECK_FALSE(seen.notices.empty());
}

TEST_CASE("recorded: a double fault") {
  const Seen seen = watch("double-fault.log");
  CHECK(seen.fatal ==
        std::vector<std::string>{
            "kernel panic: 'Kernel panic - not syncing: Fatal exception in interrupt'"});
}
