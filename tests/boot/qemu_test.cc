#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "composer/base/checksum.h"
#include "composer/base/file_descriptor.h"
#include "composer/boot/accelerator.h"
#include "composer/compose.h"
#include "composer/error.h"
#include "composer/host/interrupt.h"

#include "tests/support/scratch_folder.h"

using namespace composer;

namespace {

/// writes_disk.s without its text.
constexpr std::array<unsigned char, 93> kWritesDisk = {
    0xea, 0x05, 0x00, 0xc0, 0x07, 0x8c, 0xc8, 0x8e, 0xd8, 0x8e, 0xc0, 0x31, 0xc0, 0x8e, 0xd0, 0xbc,
    0x00, 0x7c, 0x88, 0x16, 0x5c, 0x00, 0xb8, 0x01, 0x03, 0xb9, 0x02, 0x00, 0xba, 0x00, 0x00, 0x8a,
    0x16, 0x5c, 0x00, 0xbb, 0x5d, 0x00, 0xcd, 0x13, 0x72, 0x2e, 0xb8, 0x01, 0x02, 0xb9, 0x02, 0x00,
    0xba, 0x00, 0x00, 0x8a, 0x16, 0x5c, 0x00, 0xbb, 0x00, 0x06, 0xcd, 0x13, 0x72, 0x1a, 0xbe, 0x00,
    0x06, 0xac, 0x84, 0xc0, 0x74, 0x12, 0x88, 0xc4, 0xba, 0xfd, 0x03, 0xec, 0xa8, 0x20, 0x74, 0xf8,
    0xba, 0xf8, 0x03, 0x88, 0xe0, 0xee, 0xeb, 0xe9, 0xfa, 0xf4, 0xeb, 0xfc, 0x00};

/// jmp to itself.
constexpr std::array<unsigned char, 2> kHangs = {0xeb, 0xfe};
/// The keyboard controller resets the machine: mov $0xfe,%al; out %al,$0x64; hlt.
constexpr std::array<unsigned char, 5> kResets = {0xb0, 0xfe, 0xe6, 0x64, 0xf4};

template <std::size_t N>
std::string sector(const std::array<unsigned char, N>& code, std::string_view text = {}) {
  std::string bytes;
  for (const unsigned char c : code) bytes += static_cast<char>(c);
  bytes += text;
  REQUIRE(bytes.size() <= 510);
  bytes.resize(510);
  return bytes + "\x55\xaa";
}

/// SeaBIOS's own last message is still on its way to the port when the guest writes there, and cuts
/// through the first line.
std::string repeated(const std::string& line) {
  return line + line + line + line;
}

/// A VM test's files, in a folder of its own that is also the place of QEMU's temporary files.
struct Scene {
  test::ScratchFolder folder;
  SilentProgress progress;
  BootRequestOptions options;

  explicit Scene(std::string_view first_sector) {
    options.image = folder.path() / "disk.raw";
    options.serial_log = folder.path() / "serial.log";
    options.firmware = Firmware::bios;
    options.memory_mib = 256;
    // Not reached by any test but the one for it, on any machine.
    options.expectations = {"multi-user.target", 280, {}};
    write_file_atomically(options.image, first_sector);
    std::filesystem::resize_file(options.image, 8u << 20);
    std::filesystem::create_directory(folder.path() / "tmp");
    ::setenv("TMPDIR", (folder.path() / "tmp").c_str(), 1);
  }

  ~Scene() { ::unsetenv("TMPDIR"); }
  Scene(const Scene&) = delete;
  Scene& operator=(const Scene&) = delete;

  bool left_nothing() const { return std::filesystem::is_empty(folder.path() / "tmp"); }
};

bool has_finding(const BootReport& report, std::string_view text) {
  return std::any_of(report.findings.begin(), report.findings.end(),
                     [&](const std::string& f) { return f.find(text) != std::string::npos; });
}

/// What became of a boot that another process does, which gets `signal` once its guest runs.
struct Interrupted {
  int status = 0;
  int qemus_left = 0;  ///< Children of that process which outlived it by more than a moment.
};

Interrupted interrupt_boot(Scene& scene, int signal) {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  const pid_t worker = ::fork();
  if (worker == 0) {
    host::catch_interrupts();
    try {
      boot(scene.options, scene.progress);
    } catch (const Error& error) {
      ::_exit(std::string_view(error.what()).find("interrupted") != std::string_view::npos ? 42
                                                                                           : 43);
    }
    ::_exit(44);
  }
  // The guest runs once the firmware has printed something.
  for (int i = 0; i < 3000; ++i) {
    std::error_code none_yet;
    if (std::filesystem::file_size(scene.options.serial_log, none_yet) > 20 && !none_yet) break;
    ::poll(nullptr, 0, 20);
  }
  ::kill(worker, signal);
  Interrupted result;
  int raw = 0;
  REQUIRE(::waitpid(worker, &raw, 0) == worker);
  result.status = WIFSIGNALED(raw) ? 128 + WTERMSIG(raw) : WEXITSTATUS(raw);
  // Orphans come to us; those that were killed with their parent can be collected soon.
  for (int i = 0; i < 1000; ++i) {
    const pid_t orphan = ::waitpid(-1, nullptr, WNOHANG);
    if (orphan < 0) return result;
    if (orphan == 0) ::poll(nullptr, 0, 10);
  }
  result.qemus_left = 1;
  return result;
}

}  // namespace

TEST_CASE("an empty disk under BIOS fails fast, saying that nothing was found to boot") {
  Scene scene{std::string(512, '\0')};
  const BootReport report = boot(scene.options, scene.progress);
  CHECK_FALSE(report.passed);
  REQUIRE_FALSE(report.findings.empty());
  CHECK(report.findings[0] == "the firmware found nothing to boot: 'No bootable device.'");
  CHECK(report.firmware == "bios");
  CHECK(report.wall_seconds < 280);
  CHECK(read_file(scene.options.serial_log).find("SeaBIOS") != std::string::npos);
  CHECK(scene.left_nothing());
}

TEST_CASE("an empty disk under UEFI fails fast, saying that nothing was found to boot") {
  Scene scene{std::string(512, '\0')};
  scene.options.firmware = Firmware::uefi;
  const BootReport report = boot(scene.options, scene.progress);
  CHECK_FALSE(report.passed);
  REQUIRE_FALSE(report.findings.empty());
  CHECK(report.findings[0].starts_with("the firmware found nothing to boot: "));
  CHECK(has_finding(report, "BdsDxe: failed to load Boot0001"));
  CHECK(report.firmware == "uefi");
  CHECK(report.wall_seconds < 280);
  CHECK(scene.left_nothing());
}

TEST_CASE("an image is not modified even by a guest that writes to its disk") {
  Scene scene(sector(kWritesDisk, repeated("Kernel panic - not syncing: wrote and read back\r\n")));
  const std::string before = sha256_file(scene.options.image);
  const auto written = std::filesystem::last_write_time(scene.options.image);
  const BootReport report = boot(scene.options, scene.progress);
  CHECK_FALSE(report.passed);
  // The text came back from the second sector: the write went somewhere.
  CHECK(has_finding(report, "kernel panic: 'Kernel panic - not syncing: wrote and read back'"));
  CHECK(sha256_file(scene.options.image) == before);
  CHECK(std::filesystem::last_write_time(scene.options.image) == written);
  CHECK(scene.left_nothing());
}

TEST_CASE("a write-protected image boots") {
  Scene scene(sector(kWritesDisk, repeated("Kernel panic - not syncing: still wrote\r\n")));
  std::filesystem::permissions(scene.options.image, std::filesystem::perms::owner_read);
  CHECK(has_finding(boot(scene.options, scene.progress), "still wrote"));
}

// Where KVM does not work, this is what shows that a failing probe is KVM's fault and not its own.
TEST_CASE("the accelerator's probe runs to its end in a real QEMU") {
  Scene scene(sector(kHangs));
  CHECK(vm::probe("qemu-system-x86_64", "tcg", std::chrono::seconds(120), scene.progress) ==
        std::nullopt);
  CHECK(scene.left_nothing());
}

TEST_CASE("a guest that never says anything times out") {
  Scene scene(sector(kHangs));
  scene.options.expectations.within_seconds = 8;
  const BootReport report = boot(scene.options, scene.progress);
  CHECK_FALSE(report.passed);
  CHECK(has_finding(report, "the guest did not report within 8 s; it came as far as the firmware"));
  CHECK(has_finding(report, "the last line of its console: 'Booting from Hard Disk...'"));
}

TEST_CASE("a guest that resets is noticed at once") {
  Scene scene(sector(kResets));
  const BootReport report = boot(scene.options, scene.progress);
  CHECK_FALSE(report.passed);
  CHECK(has_finding(report, "the guest powered off or restarted before it reported"));
  CHECK(report.wall_seconds < 280);
}

TEST_CASE("Ctrl-C ends QEMU and leaves nothing behind") {
  Scene scene(sector(kHangs));
  const Interrupted result = interrupt_boot(scene, SIGINT);
  CHECK(result.status == 42);
  CHECK(result.qemus_left == 0);
  CHECK(scene.left_nothing());
}

TEST_CASE("SIGKILL ends QEMU too and leaves nothing behind") {
  Scene scene(sector(kHangs));
  const Interrupted result = interrupt_boot(scene, SIGKILL);
  CHECK(result.status == 128 + SIGKILL);
  CHECK(result.qemus_left == 0);
  CHECK(scene.left_nothing());
}

TEST_CASE("a QEMU that another process ends is no verdict on the image") {
  Scene scene(sector(kHangs));
  // A stand-in that the signal surely reaches: QEMU itself, ended by its own shell.
  write_file_atomically(
      scene.folder.path() / "qemu",
      "#!/bin/sh\n"
      "case \"$*\" in *--version* | *isa-debug-exit*) exec qemu-system-x86_64 \"$@\" "
      ";; esac\n"
      "(sleep 2; kill -TERM $$) &\n"
      "exec qemu-system-x86_64 \"$@\"\n",
      0755);
  scene.options.qemu = (scene.folder.path() / "qemu").string();
  try {
    boot(scene.options, scene.progress);
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::host);
    CHECK(
        std::string(error.what()).find("was ended by another process: terminating on signal 15") !=
        std::string::npos);
  }
}

TEST_CASE("QEMU's own failure is an error that shows what it said") {
  Scene scene(sector(kHangs));
  scene.options.qemu_arguments = {"-device", "no-such-device"};
  try {
    boot(scene.options, scene.progress);
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::build);
    CHECK(std::string(error.what()) == "'qemu-system-x86_64' failed with status 1");
    CHECK(error.to_text().find("'no-such-device' is not a valid device model name") !=
          std::string::npos);
  }
}

TEST_CASE("a host without QEMU is told which package has it") {
  Scene scene(sector(kHangs));
  scene.options.qemu = "no-such-qemu";
  try {
    boot(scene.options, scene.progress);
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.to_text() ==
          "error: cannot find 'no-such-qemu', needed to boot the image\n"
          "  hint: apt install qemu-system-x86\n");
    CHECK(error.kind() == ErrorKind::host);
  }
}

TEST_CASE("an image that is not there, or no image, is an error before anything starts") {
  Scene scene(sector(kHangs));
  scene.options.image = scene.folder.path() / "missing.vhd";
  CHECK_THROWS_WITH(boot(scene.options, scene.progress),
                    Catch::Contains("missing.vhd': No such file"));
  scene.options.image = scene.folder.path();
  CHECK_THROWS_WITH(boot(scene.options, scene.progress), Catch::Contains("not a regular file"));
  scene.options.firmware = Firmware::both;
  CHECK_THROWS_WITH(boot(scene.options, scene.progress), Catch::Contains("one firmware at a time"));
}
